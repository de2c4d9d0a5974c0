/*
 * What the C twins have in common: two pinned processes, rounds of n
 * operations between a common start and the last receiver's last message, as
 * in the engine.
 *
 *   TWIN WORKLOAD SIZE CPU_A CPU_B IDLE
 *
 * SIZE is in bytes, a CPU of -1 pins to none, IDLE is how many idle threads
 * each process has beside the one that measures. The first line printed holds
 * the two process IDs; then each number of operations read from standard input
 * is a round, and its nanoseconds are printed. It ends with its input.
 *
 * A twin includes this file, and writes what it measures as a play for each of
 * the two processes. link.h does so for mechanisms.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pid_t coordinator; /* 0 in the coordinator itself */

static void die(const char *what)
{
	perror(what);
	if (coordinator)
		kill(coordinator, SIGTERM);
	exit(1);
}

/* A buffer begins on a page, as the engine's do, after room for a header. */
#define HEADROOM 64

static char *buffer(size_t size)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *p = aligned_alloc(page, page + (size + page) / page * page);

	if (!p)
		die("aligned_alloc");
	memset(p, 1, page + size);
	return p + page;
}

struct twin {
	const char *workload;
	size_t size;
	char *buf;
	atomic_uint *word; /* shared by the two, alone on its cache line */
	uint32_t handed;
};

typedef void play(struct twin *, long n);

/* What a twin is made of. */
static void prepare(struct twin *);       /* before the two processes part */
static play *play_of(struct twin *, int); /* of process 0 or 1, in that process; NULL: it has none */
static int receives(struct twin *, int);  /* does its end count as the round's? */

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

struct account {
	int64_t start, end;
	char apart[112];
};

static void *idle(void *unused)
{
	for (;;)
		pause();
	return unused;
}

static void work(struct twin *t, int i, int cpu, int idlers, int start, int done, struct account *a)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != coordinator)
		exit(1);
	for (; idlers > 0; idlers--) {
		pthread_t thread;
		if ((errno = pthread_create(&thread, NULL, idle, NULL)))
			die("pthread_create");
	}
	if (cpu >= 0) {
		cpu_set_t set;
		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		if (sched_setaffinity(0, sizeof set, &set))
			die("sched_setaffinity");
	}
	t->buf = buffer(t->size);
	play *play = play_of(t, i);
	int64_t n;
	while (read(start, &n, sizeof n) == sizeof n) {
		a->start = now();
		if (play)
			play(t, n);
		a->end = now();
		if (write(done, "", 1) != 1)
			die("write");
	}
	_exit(0);
}

int main(int argc, char **argv)
{
	if (argc != 6) {
		fprintf(stderr, "usage: %s WORKLOAD SIZE CPU_A CPU_B IDLE\n", argv[0]);
		return 2;
	}
	struct twin t = { .workload = argv[1], .size = atol(argv[2]) };
	size_t shared = 4096;
	char *memory = mmap(NULL, shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct account *accounts = (struct account *)(memory + 1024);
	int start[2][2], done[2];

	if (memory == MAP_FAILED)
		die("mmap");
	t.word = (atomic_uint *)memory;
	prepare(&t);
	if (pipe2(done, O_CLOEXEC))
		die("pipe2");
	pid_t pid[2], self = getpid();
	for (int i = 0; i < 2; i++) {
		if (pipe2(start[i], O_CLOEXEC))
			die("pipe2");
		if ((pid[i] = fork()) < 0)
			die("fork");
		if (pid[i] == 0) {
			coordinator = self;
			for (int j = 0; j <= i; j++)
				close(start[j][1]);
			work(&t, i, atoi(argv[3 + i]), atoi(argv[5]), start[i][0], done[1], &accounts[i]);
		}
		close(start[i][0]);
	}
	printf("%d %d\n", pid[0], pid[1]);
	fflush(stdout);
	char line[32];
	while (fgets(line, sizeof line, stdin)) {
		int64_t n = atol(line), first = INT64_MAX, last = 0;
		char byte;
		for (int i = 0; i < 2; i++)
			if (write(start[i][1], &n, sizeof n) != sizeof n)
				die("write");
		for (int i = 0; i < 2; i++)
			if (read(done[0], &byte, 1) != 1)
				die("read");
		for (int i = 0; i < 2; i++) {
			if (accounts[i].start < first && play_of(&t, i))
				first = accounts[i].start;
			if (accounts[i].end > last && receives(&t, i))
				last = accounts[i].end;
		}
		printf("%lld\n", (long long)(last - first));
		fflush(stdout);
	}
	for (int i = 0; i < 2; i++)
		close(start[i][1]);
	for (int i = 0; i < 2; i++)
		waitpid(pid[i], NULL, 0);
	return 0;
}
