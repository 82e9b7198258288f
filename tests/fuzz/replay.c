/*
 * In the place of libFuzzer: what is in the corpus goes through the target as it is, and cut off at
 * each byte.
 *
 * usage: fuzz_NAME [FILE...]    without: all of $top_srcdir/tests/fuzz/corpus/NAME
 */
#include <dirent.h>

#include "fuzz.h"

enum { PATH_SIZE = 4096, INPUT_MAX = 1024 * 1024 };

static const char *name_of(const char *program)
{
    const char *slash = strrchr(program, '/'), *name = slash ? slash + 1 : program;
    return strncmp(name, "fuzz_", 5) ? name : name + 5;
}

static void replay(int number, const char *path)
{
    static char bytes[INPUT_MAX];
    FILE *f = fopen(path, "rb");
    printf("# %s\n", path);
    fflush(stdout);
    FUZZ_CHECK(f);
    size_t len = fread(bytes, 1, sizeof bytes, f);
    FUZZ_CHECK(!ferror(f) && len < sizeof bytes);
    fclose(f);
    for (size_t cut = 0; cut <= len; cut++) {
        char *exact = fuzz_copy(bytes, cut);
        LLVMFuzzerTestOneInput((const uint8_t *)exact, cut);
        free(exact);
    }
    printf("ok %d - %s\n", number, strrchr(path, '/') ? strrchr(path, '/') + 1 : path);
}

static int is_input(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

static int replay_corpus(const char *name)
{
    char folder[PATH_SIZE / 2], path[PATH_SIZE];
    struct dirent **inputs;
    const char *top = getenv("top_srcdir");
    snprintf(folder, sizeof folder, "%s/tests/fuzz/corpus/%s", top ? top : ".", name);
    int count = scandir(folder, &inputs, is_input, alphasort);
    printf("# %s\n", folder);
    FUZZ_CHECK(count > 0);
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, inputs[i]->d_name);
        replay(i + 1, path);
        free(inputs[i]);
    }
    free(inputs);
    return count;
}

int main(int argc, char **argv)
{
    int count = argc - 1;
    for (int i = 1; i < argc; i++)
        replay(i, argv[i]);
    if (!count)
        count = replay_corpus(name_of(argv[0]));
    printf("1..%d\n", count);
    return 0;
}
