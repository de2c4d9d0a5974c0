/* sd-bus (libsystemd) between two processes over a UNIX socket, without a bus daemon.
 * PingPong is a method call and its reply; on all other links messages are method
 * calls without a reply.
 */
#include "ipcbench.h"
#include <sys/un.h>
#include <systemd/sd-bus.h>

static int listener;             /* of the link from which this process receives */
static sd_bus *both;             /* the connection of PingPong, for both its links */
static sd_bus_message *called;   /* came, and has not been received or answered */
static sd_bus_message *response; /* to the call that was sent last */

static int calls(const ipcbench_end *e)
{
	return !strcmp(e->workload, "PingPong");
}

/* Whether the link takes the answers of PingPong, on the connection of link 0. */
static int answers(const ipcbench_end *e)
{
	return calls(e) && e->number == 1;
}

static int fail(const char *what, int r)
{
	errno = -r;
	return ipcbench_fail("%s", what);
}

/* The method: notes the message, which send answers after recv has read it. */
static int put(sd_bus_message *m, void *data, sd_bus_error *error)
{
	(void)data;
	(void)error;
	called = sd_bus_message_ref(m);
	return 1;
}

static const sd_bus_vtable methods[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("Call", "ay", "ay", put, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("Put", "ay", "", put, SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_METHOD_NO_REPLY),
	SD_BUS_VTABLE_END,
};

static struct sockaddr_un address(const ipcbench_end *e)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	snprintf(a.sun_path, sizeof a.sun_path, "%s/link%d", e->dir, e->number);
	return a;
}

static int make_link(ipcbench_end *e)
{
	struct sockaddr_un a = address(e);

	if (answers(e))
		return 0;
	if ((listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) < 0)
		return ipcbench_fail("socket");
	if (bind(listener, (struct sockaddr *)&a, sizeof a) || listen(listener, 1))
		return ipcbench_fail("bind %s", a.sun_path);
	return 0;
}

/* Accepts the connection of the sender, as the server of D-Bus's authentication. */
static int serve(sd_bus *bus)
{
	sd_id128_t id;
	int r, fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return -errno;
	if ((r = sd_id128_randomize(&id)) < 0 || (r = sd_bus_set_fd(bus, fd, fd)) < 0 || (r = sd_bus_set_server(bus, 1, id)) < 0)
		return r;
	return sd_bus_add_object_vtable(bus, NULL, "/ipcbench", "ipcbench.Messages", methods, NULL);
}

static int dial(sd_bus *bus, const ipcbench_end *e)
{
	char name[128];

	snprintf(name, sizeof name, "unix:path=%s", address(e).sun_path);
	return sd_bus_set_address(bus, name);
}

static int open_end(ipcbench_end *e)
{
	sd_bus *bus;
	int r;

	if (answers(e)) {
		e->state = both;
		return 0;
	}
	/* Anonymous: the kernel shows no credentials of a peer in another PID namespace. */
	if ((r = sd_bus_new(&bus)) < 0 || (r = sd_bus_set_anonymous(bus, 1)) < 0 || (r = e->sends ? dial(bus, e) : serve(bus)) < 0 || (r = sd_bus_start(bus)) < 0)
		return fail("connect", r);
	both = e->state = bus;
	return 0;
}

static int send_message(ipcbench_end *e, const void *message, size_t size)
{
	sd_bus_message *m = NULL;
	int r;

	if (answers(e)) {
		r = sd_bus_message_new_method_return(called, &m);
		called = sd_bus_message_unref(called);
	} else {
		r = sd_bus_message_new_method_call(e->state, &m, NULL, "/ipcbench", "ipcbench.Messages", calls(e) ? "Call" : "Put");
	}
	if (r >= 0 && (r = sd_bus_message_append_array(m, 'y', message, size)) >= 0) {
		if (calls(e) && e->number == 0)
			r = sd_bus_call(e->state, m, 0, NULL, &response);
		else if (answers(e) || (r = sd_bus_message_set_expect_reply(m, 0)) >= 0)
			r = sd_bus_send(e->state, m, NULL);
		if (r >= 0) /* what the socket has no room for waits in memory, without a limit of bytes */
			r = sd_bus_flush(e->state);
	}
	sd_bus_message_unref(m);
	return r < 0 ? fail("send", r) : 0;
}

/* Copies the bytes of a message. */
static ssize_t take(sd_bus_message *m, void *message, size_t size)
{
	const void *bytes;
	size_t n;
	int r = sd_bus_message_read_array(m, 'y', &bytes, &n);

	if (r < 0)
		return fail("read a message", r);
	memcpy(message, bytes, n <= size ? n : size + 1);
	return (ssize_t)n;
}

static ssize_t recv_message(ipcbench_end *e, void *message, size_t size)
{
	ssize_t n;
	int r;

	if (answers(e)) {
		n = take(response, message, size);
		response = sd_bus_message_unref(response);
		return n;
	}
	while (!called)
		if ((r = sd_bus_process(e->state, NULL)) < 0 || (r == 0 && (r = sd_bus_wait(e->state, UINT64_MAX)) < 0))
			return r == -ENOTCONN || r == -ECONNRESET ? 0 : fail("wait for a message", r);
	n = take(called, message, size);
	if (!calls(e))
		called = sd_bus_message_unref(called);
	return n;
}

static int close_end(ipcbench_end *e)
{
	if (!answers(e))
		sd_bus_flush_close_unref(e->state);
	return 0;
}

static const ipcbench_transport sdbus = {"libsystemd", VERSION, make_link, open_end, send_message, recv_message, close_end};

int main(void)
{
	return ipcbench_main(&sdbus);
}
