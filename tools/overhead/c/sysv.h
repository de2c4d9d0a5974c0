/*
 * System V objects go with the namespace that holds them, whoever is killed.
 */
#include "link.h"
#include <sys/ipc.h>

static void private_objects(void)
{
	if (unshare(CLONE_NEWIPC) && unshare(CLONE_NEWUSER | CLONE_NEWIPC))
		die("unshare: a private IPC namespace");
}
