/* A pipe of the shell through cat(1): each link is `sender | cat | receiver`. Build it
 * in this directory:
 *
 *     cc -O2 -Wall -I ../../kit/c -o cat cat.c
 */
#include "ipcbench.h"

static FILE *cat; /* of the link on which this process sends */

static int open_end(ipcbench_end *e)
{
	if (!e->sends)
		return 0;
	if (dup2(e->fd, STDOUT_FILENO) < 0) /* which cat inherits */
		return ipcbench_fail("dup2");
	cat = popen("cat", "w");
	if (!cat)
		return ipcbench_fail("popen cat");
	/* Its end is to be the end of the pipe. */
	if (close(e->fd) || close(STDOUT_FILENO))
		return ipcbench_fail("close");
	e->fd = fileno(cat);
	return 0;
}

static int send_message(ipcbench_end *e, const void *message, size_t size)
{
	return ipcbench_write(e->fd, message, size);
}

static ssize_t recv_message(ipcbench_end *e, void *message, size_t size)
{
	return ipcbench_read(e->fd, message, size);
}

static int close_end(ipcbench_end *e)
{
	return e->sends ? pclose(cat) : close(e->fd);
}

/* The first line of `cat --version` without its end: "cat (GNU coreutils) 9.1". */
static void read_version(char *version, int size)
{
	FILE *from = popen("cat --version 2>&1", "r");

	if (!from || !fgets(version, size, from))
		snprintf(version, (size_t)size, "unknown");
	version[strcspn(version, "\n")] = 0;
	if (from)
		pclose(from);
}

int main(void)
{
	static char version[80];
	const ipcbench_transport shell = {"cat", version, NULL, open_end, send_message, recv_message, close_end};

	read_version(version, sizeof version);
	return ipcbench_main(&shell);
}
