/* Boost.Interprocess's message_queue, for each link one in POSIX shared memory. */
#include "ipcbench.h"
#include <boost/interprocess/ipc/message_queue.hpp>
#include <boost/version.hpp>
#include <string>

using namespace boost::interprocess;

/* Room of a queue in messages, unless the cell has a capacity. */
static const size_t messages = 100;

/* The name of the link's object in /dev/shm. ipcbench removes what has the name of
 * dir in it if this program is killed. */
static std::string name_of(const ipcbench_end *e)
{
	return std::string(strrchr(e->dir, '/') + 1) + "-link" + std::to_string(e->number);
}

static int make_link(ipcbench_end *e)
{
	size_t room = e->queue ? e->queue / e->size : messages;

	if (room == 0)
		return ipcbench_unsupported("a queue of %zu bytes has no room for a message", e->queue);
	try {
		message_queue *queue = new message_queue(create_only, name_of(e).c_str(), room, e->size, permissions(0600));
		e->state = queue;
		/* Every page of the queue is written once, so that no page fault falls into a round. */
		std::string message(e->size, 0);
		message_queue::size_type received;
		unsigned priority;
		while (queue->try_send(message.data(), message.size(), 0))
			continue;
		while (queue->try_receive(&message[0], message.size(), received, priority))
			continue;
	} catch (const interprocess_exception &x) {
		return ipcbench_fail("create %s: %s", name_of(e).c_str(), x.what());
	}
	return 0;
}

static int open_end(ipcbench_end *e)
{
	try {
		if (e->sends)
			e->state = new message_queue(open_only, name_of(e).c_str());
	} catch (const interprocess_exception &x) {
		return ipcbench_fail("open %s: %s", name_of(e).c_str(), x.what());
	}
	return 0;
}

static int send_message(ipcbench_end *e, const void *message, size_t size)
{
	try {
		static_cast<message_queue *>(e->state)->send(message, size, 0);
	} catch (const interprocess_exception &x) {
		return ipcbench_fail("%s", x.what());
	}
	return 0;
}

static ssize_t recv_message(ipcbench_end *e, void *message, size_t size)
{
	message_queue::size_type received;
	unsigned priority;

	try {
		static_cast<message_queue *>(e->state)->receive(message, size + 1, received, priority);
	} catch (const interprocess_exception &x) {
		return ipcbench_fail("%s", x.what());
	}
	return static_cast<ssize_t>(received);
}

static int close_end(ipcbench_end *e)
{
	delete static_cast<message_queue *>(e->state);
	if (!e->sends)
		message_queue::remove(name_of(e).c_str());
	return 0;
}

static const ipcbench_transport queue = {
	"Boost.Interprocess",
	BOOST_LIB_VERSION,
	make_link, open_end, send_message, recv_message, close_end,
};

int main()
{
	return ipcbench_main(&queue);
}
