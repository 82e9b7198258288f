/*
 * The sandbox of a process (responder/sandbox.h), for whoever runs into its walls.
 */
#ifndef MAGEC_BASE_CONFINED_H
#define MAGEC_BASE_CONFINED_H

/* What to add to "Permission denied": "" when the error is another one, or there is no sandbox. */
const char *confined_hint(int error_number);

#endif
