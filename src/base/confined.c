#include "base/confined.h"

#include <errno.h>
#include <sys/prctl.h>

const char *confined_hint(int error_number)
{
    if (error_number != EACCES || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
        return "";
    return "; the sandbox has what was configured when the responder started: restart it, or let "
           "it run with --no-sandbox";
}
