/*
 * What unit tests share: the end of main, and a folder of their own.
 */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static inline int unit_run(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* For a test that starts programs: whether it is skipped, and then says so. They are waited for in
 * a way that valgrind of Debian 12 does not know. */
static inline bool unit_skips_programs(void)
{
    long fd = syscall(SYS_pidfd_open, getpid(), 0);
    bool skips = fd < 0 && errno == ENOSYS;
    if (fd >= 0)
        close((int)fd);
    if (skips)
        puts("1..0 # SKIP there is no pidfd_open here");
    return skips;
}

enum { UNIT_PATH = 512 };

/* Makes an empty folder and says where it is. */
static inline void unit_folder_make(char folder[UNIT_PATH])
{
    const char *tmp = getenv("TMPDIR");
    snprintf(folder, UNIT_PATH, "%s/magec-unit.XXXXXX", tmp && *tmp ? tmp : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

/* Removes it with the files in it. */
static inline void unit_folder_remove(const char *folder)
{
    DIR *dir = opendir(folder);
    if (!dir)
        return;
    for (struct dirent *e; (e = readdir(dir));)
        if (unlinkat(dirfd(dir), e->d_name, 0))
            unlinkat(dirfd(dir), e->d_name, AT_REMOVEDIR);
    closedir(dir);
    rmdir(folder);
}

#endif
