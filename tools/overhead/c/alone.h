/* A floor within one process: the first works, the second has nothing to do. */
#include "twin.h"

static void alone(struct twin *, long n);
static void prepare(struct twin *t) { (void)t; }
static play *play_of(struct twin *t, int i) { (void)t; return i == 0 ? alone : NULL; }
static int receives(struct twin *t, int i) { (void)t; return i == 0; }
