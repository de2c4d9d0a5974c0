/* A UNIX stream socket that its two processes meet at by name, unix(7). Build it in
 * this directory:
 *
 *     cc -O2 -Wall -I ../../kit/c -o socket socket.c
 */
#include "ipcbench.h"
#include <sys/un.h>

static int listener; /* of the link from which this process receives */

static struct sockaddr_un address(const ipcbench_end *e)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	snprintf(a.sun_path, sizeof a.sun_path, "%s/link%d", e->dir, e->number);
	return a;
}

static int make_link(ipcbench_end *e)
{
	struct sockaddr_un a = address(e);

	if ((listener = socket(AF_UNIX, SOCK_STREAM, 0)) < 0)
		return ipcbench_fail("socket");
	if (bind(listener, (struct sockaddr *)&a, sizeof a))
		return ipcbench_fail("bind %s", a.sun_path);
	if (listen(listener, 1))
		return ipcbench_fail("listen");
	return 0;
}

static int open_end(ipcbench_end *e)
{
	struct sockaddr_un a = address(e);

	if (!e->sends)
		return (e->fd = accept(listener, NULL, NULL)) < 0 ? ipcbench_fail("accept") : 0;
	if ((e->fd = socket(AF_UNIX, SOCK_STREAM, 0)) < 0)
		return ipcbench_fail("socket");
	if (connect(e->fd, (struct sockaddr *)&a, sizeof a))
		return ipcbench_fail("connect %s", a.sun_path);
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

static const ipcbench_transport transport = {"socket", "1", make_link, open_end, send_message, recv_message, close_end};

int main(void)
{
	return ipcbench_main(&transport);
}
