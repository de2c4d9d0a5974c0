/*
 * The loops that a good C programmer would write, as the yardstick for the
 * engine: two processes pinned to CPUs, the tightest loop of the same system
 * calls.
 *
 *   loop MECHANISM WORKLOAD SIZE OPERATIONS CPU_A CPU_B
 *
 * prints nanoseconds per operation. MECHANISM is pipe or fifo, WORKLOAD is
 * PingPong (round trips) or Stream (messages, the receiver's clock).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof set, &set))
		die("sched_setaffinity");
}

static void put(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t w = write(fd, p, n);
		if (w < 0) {
			if (errno == EINTR)
				continue;
			die("write");
		}
		p += w;
		n -= w;
	}
}

static void get(int fd, char *p, size_t n)
{
	while (n > 0) {
		ssize_t r = read(fd, p, n);
		if (r < 0) {
			if (errno == EINTR)
				continue;
			die("read");
		}
		if (r == 0) {
			fprintf(stderr, "read: end of file\n");
			exit(1);
		}
		p += r;
		n -= r;
	}
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

/* link makes one direction: fd[0] to read, fd[1] to write. */
static void make_link(const char *mech, int fd[2])
{
	char dir[] = "/tmp/ipcbench-loop-XXXXXX", path[64];

	if (!strcmp(mech, "pipe")) {
		if (pipe(fd))
			die("pipe");
		return;
	}
	if (!mkdtemp(dir))
		die("mkdtemp");
	snprintf(path, sizeof path, "%s/fifo", dir);
	if (mkfifo(path, 0600))
		die("mkfifo");
	int both = open(path, O_RDWR);
	fd[0] = open(path, O_RDONLY);
	fd[1] = open(path, O_WRONLY);
	if (both < 0 || fd[0] < 0 || fd[1] < 0)
		die("open");
	close(both);
	unlink(path);
	rmdir(dir);
}

int main(int argc, char **argv)
{
	if (argc != 7) {
		fprintf(stderr, "usage: loop MECHANISM WORKLOAD SIZE OPERATIONS CPU_A CPU_B\n");
		return 2;
	}
	int pingpong = !strcmp(argv[2], "PingPong");
	size_t size = atol(argv[3]);
	long n = atol(argv[4]), warm = n / 20 + 1;
	int there[2], back[2];
	char *buf = malloc(size);

	if (!buf)
		die("malloc");
	memset(buf, 1, size);
	make_link(argv[1], there);
	make_link(argv[1], back);
	pid_t child = fork();
	if (child < 0)
		die("fork");
	if (child == 0) { /* pong, or the sender */
		pin(atoi(argv[6]));
		if (pingpong) {
			for (long i = 0; i < n + warm; i++) {
				get(there[0], buf, size);
				put(back[1], buf, size);
			}
		} else {
			get(there[0], buf, 1); /* the start */
			for (long i = 0; i < n + warm; i++)
				put(back[1], buf, size);
		}
		return 0;
	}
	pin(atoi(argv[5]));
	double start = 0;
	if (pingpong) {
		for (long i = 0; i < n + warm; i++) {
			if (i == warm)
				start = now();
			put(there[1], buf, size);
			get(back[0], buf, size);
		}
	} else {
		put(there[1], buf, 1);
		for (long i = 0; i < n + warm; i++) {
			if (i == warm)
				start = now();
			get(back[0], buf, size);
		}
	}
	double end = now();
	int status;
	if (waitpid(child, &status, 0) != child || status != 0)
		die("child");
	printf("%.3f\n", (end - start) / n);
	return 0;
}
