/* Cap'n Proto RPC over a UNIX socket: an event loop in each process, and one thread.
 * PingPong is a call and its result. On all other links messages are streaming calls:
 * the library bounds how many bytes are on their way. EzRpc would wait for each of them.
 */
#include "ipcbench.h"
#include "message.capnp.h"
#include <capnp/rpc-twoparty.h>
#include <kj/async-io.h>
#include <kj/debug.h>

typedef kj::Own<kj::PromiseFulfiller<void>> Fulfiller;

/* The receiving end of a link. The library calls it for one message after the other. */
class Server final : public Messages::Server {
public:
	kj::Promise<void> call(CallContext context) override
	{
		called = context;
		return hold(context.getParams().getMessage());
	}

	kj::Promise<void> put(PutContext context) override
	{
		return hold(context.getParams().getMessage());
	}

	kj::Promise<void> finish(FinishContext) override
	{
		finished++;
		event->fulfill();
		return kj::READY_NOW;
	}

	capnp::Data::Reader message;    /* empty: none waits for recv */
	kj::Maybe<CallContext> called;  /* of a call without an answer */
	Fulfiller done;                 /* ends the method that holds message */
	int finished = 0;               /* calls of finish in this round */

	/* Runs the event loop until a method has been called. */
	void next(kj::WaitScope &scope)
	{
		auto p = kj::newPromiseAndFulfiller<void>();
		event = kj::mv(p.fulfiller);
		p.promise.wait(scope);
	}

private:
	kj::Promise<void> hold(capnp::Data::Reader data)
	{
		auto p = kj::newPromiseAndFulfiller<void>();
		message = data;
		done = kj::mv(p.fulfiller);
		event->fulfill();
		return kj::mv(p.promise);
	}

	Fulfiller event = kj::newPromiseAndFulfiller<void>().fulfiller;
};

/* The receiving side of this process, which accepts connections from all senders. */
struct Listener {
	kj::Own<kj::ConnectionReceiver> socket;
	capnp::TwoPartyServer server;
	kj::Promise<void> task;

	Listener(kj::Own<kj::ConnectionReceiver> s, kj::Own<Server> messages)
	    : socket(kj::mv(s)), server(kj::mv(messages)), task(server.listen(*socket).eagerlyEvaluate(nullptr)) {}
};

/* The sending side. */
struct Connection {
	kj::Own<kj::AsyncIoStream> stream;
	capnp::TwoPartyClient rpc;

	explicit Connection(kj::Own<kj::AsyncIoStream> s) : stream(kj::mv(s)), rpc(*stream) {}
};

static kj::Own<kj::AsyncIoContext> io; /* the event loop */
static kj::Own<Listener> listener;
static Server *server; /* of listener */
static kj::Own<Connection> connection;
static kj::Maybe<Messages::Client> client;
static kj::Maybe<capnp::Response<Messages::CallResults>> response;

/* Whether a link of PingPong, which has both on one connection. */
static bool calls(const ipcbench_end *e) { return !strcmp(e->workload, "PingPong"); }
static bool answers(const ipcbench_end *e) { return calls(e) && e->number == 1; }

/* Returns what f returns, or -1 with the text of its exception. */
template <typename F> static ssize_t attempt(F f)
{
	try {
		return f();
	} catch (const kj::Exception &x) {
		errno = 0;
		return ipcbench_fail("%s", x.getDescription().cStr());
	}
}

static kj::Own<kj::NetworkAddress> address(const ipcbench_end *e)
{
	if (!io.get())
		io = kj::heap(kj::setupAsyncIo());
	return io->provider->getNetwork().parseAddress(kj::str("unix:", e->dir, "/link", e->number)).wait(io->waitScope);
}

static int make_link(ipcbench_end *e)
{
	if (e->queue)
		return ipcbench_unsupported("the library sizes its window itself");
	if (answers(e))
		return 0;
	return attempt([&] {
		auto s = kj::heap<Server>();
		server = s.get();
		listener = kj::heap<Listener>(address(e)->listen(), kj::mv(s));
		return 0;
	});
}

/* Ends the stream of a round: the loop does not run between rounds. The results of many
 * calls may fill the socket. That of the second finish finds it empty, so that the receiver
 * need not wait for room. */
static int flush_link(ipcbench_end *e)
{
	return attempt([&] {
		if (e->sends) {
			for (int i = 0; i < 2; i++)
				KJ_ASSERT_NONNULL(client).finishRequest().send().wait(io->waitScope);
			return 0;
		}
		while (server->finished < 2 * e->senders)
			server->next(io->waitScope);
		server->finished = 0;
		kj::Promise<void>(kj::NEVER_DONE).poll(io->waitScope); /* sends what can be sent without waiting */
		return 0;
	});
}

static int open_end(ipcbench_end *e)
{
	if (answers(e))
		return 0;
	e->flush = flush_link;
	if (!e->sends)
		return 0;
	return attempt([&] {
		connection = kj::heap<Connection>(address(e)->connect().wait(io->waitScope));
		client = connection->rpc.bootstrap().castAs<Messages>();
		return 0;
	});
}

static int send_message(ipcbench_end *e, const void *message, size_t size)
{
	capnp::Data::Reader data(static_cast<const kj::byte *>(message), size);

	return attempt([&] {
		if (!calls(e)) {
			auto request = KJ_ASSERT_NONNULL(client).putRequest();
			request.setMessage(data);
			request.send().wait(io->waitScope);
		} else if (e->number == 0) {
			auto request = KJ_ASSERT_NONNULL(client).callRequest();
			request.setMessage(data);
			response = request.send().wait(io->waitScope);
		} else {
			KJ_ASSERT_NONNULL(server->called).getResults().setMessage(data);
			server->called = nullptr;
			server->done->fulfill();
		}
		return 0;
	});
}

static ssize_t recv_message(ipcbench_end *e, void *message, size_t size)
{
	return attempt([&]() -> ssize_t {
		capnp::Data::Reader data;
		if (answers(e)) {
			data = KJ_ASSERT_NONNULL(response).getMessage();
		} else {
			while (server->message.size() == 0)
				server->next(io->waitScope);
			data = server->message;
		}
		memcpy(message, data.begin(), data.size() <= size ? data.size() : size + 1);
		ssize_t n = data.size();
		if (!answers(e)) {
			server->message = nullptr;
			if (!calls(e))
				server->done->fulfill();
		}
		return n;
	});
}

static int close_end(ipcbench_end *e)
{
	return attempt([&] {
		if (answers(e))
			return 0;
		if (e->sends) {
			response = nullptr;
			client = nullptr;
			connection = nullptr;
		} else {
			listener = nullptr;
		}
		return 0;
	});
}

#define TEXT(x) #x
#define VERSION(a, b, c) TEXT(a) "." TEXT(b) "." TEXT(c)
static const ipcbench_transport capnproto = {
	"capnproto", VERSION(CAPNP_VERSION_MAJOR, CAPNP_VERSION_MINOR, CAPNP_VERSION_MICRO),
	make_link, open_end, send_message, recv_message, close_end,
};

int main()
{
	return ipcbench_main(&capnproto);
}
