/* A pipe(2) that ipcbench makes and hands over. Build it in this directory:
 *
 *     cc -O2 -Wall -I ../../kit/c -o pipe pipe.c
 */
#include "ipcbench.h"
#include <limits.h>

static int open_end(ipcbench_end *e)
{
	if (e->senders > 1 && e->size > PIPE_BUF)
		return ipcbench_unsupported("writes of more than %d bytes by several senders may interleave, pipe(7)", PIPE_BUF);
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
	return close(e->fd);
}

static const ipcbench_transport transport = {"pipe", "1", NULL, open_end, send_message, recv_message, close_end};

int main(void)
{
	return ipcbench_main(&transport);
}
