/*
 * A container engine without an engine: the calls that kontener makes for one kind of container, made by C in a loop, so that
 * the benchmark can say what TypeScript adds to them.
 *
 *     born PLAN STEPS
 *
 * PLAN: a plan as src/launch/table.ts lays it out. STEPS: what the engine does itself before, a line each, fields separated by
 * tabs: "mkdir PATH", "write PATH TEXT" (the file is there), "create PATH TEXT". For each byte on standard input it starts the
 * container, waits for its end, takes everything away, and prints the nanoseconds.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BASE 0x500200UL
#define ROOM (4UL << 20)
#define HEADER 64
#define BOOT_STEPS 3 /* receiving the plan: here it is in its place already */
#define NONZERO 2
#define FORKED 1
#define ENDED 3

struct step {
  uint16_t number, flags;
  uint32_t jump, store, unused;
  int64_t arguments[6];
  uint64_t ignored;
};
struct message {
  uint32_t kind, step;
  int64_t value, time[2];
};
struct host_step {
  char *call, *path, *text;
  int made; /* not there before */
};

static struct host_step steps[256];
static int count;

static void die(const char *what) {
  perror(what);
  exit(1);
}

static long make(const struct step *s) {
  const int64_t *a = s->arguments;
  long result;
  do result = syscall(s->number, a[0], a[1], a[2], a[3], a[4], a[5]);
  while (result < 0 && errno == EINTR);
  return result < 0 ? -errno : result;
}

/* src/launch/listing.ts, in C. */
static void follow_table(void) {
  char *base = (char *)BASE;
  struct step *s = (struct step *)(base + HEADER) + BOOT_STEPS;
  for (;;) {
    long result = make(s);
    *(int64_t *)(base + s->store) = result;
    int ignored = result < 0 && (s->ignored >> (-result & 63) & 1);
    if ((result < 0 && !ignored) || (result == 0 && s->flags & NONZERO)) {
      *(uint32_t *)(base + 4) = (char *)s - base;
      *(int64_t *)(base + 8) = result;
      s = (struct step *)(base + *(uint32_t *)(base + 32));
    } else if (result != 0 && s->jump) s = (struct step *)(base + s->jump);
    else s++;
  }
}

static void put(const char *path, int flags, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0644);
  if (fd < 0) die(path);
  if (write(fd, text, strlen(text)) < 0) die(path);
  close(fd);
}

static void prepare(void) {
  for (int i = 0; i < count; i++) {
    struct host_step *s = &steps[i];
    if (!strcmp(s->call, "mkdir")) {
      s->made = mkdir(s->path, 0755) == 0;
      if (!s->made && errno != EEXIST) die(s->path);
    } else put(s->path, *s->call == 'c' ? O_CREAT | O_TRUNC : 0, s->text);
  }
}

static void take_away(void) {
  char work[4096];
  for (int i = count - 1; i >= 0; i--) {
    struct host_step *s = &steps[i];
    if (*s->call == 'c') unlink(s->path);
    if (!s->made) continue;
    snprintf(work, sizeof work, "%s/work", s->path); /* overlayfs makes it in its work directory */
    rmdir(work);
    while (rmdir(s->path) < 0 && errno == EBUSY) usleep(100); /* a process that has just ended */
    s->made = 0;
  }
}

static void start(void) {
  int ends[2];
  prepare();
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) die("socketpair");
  pid_t monitor = fork();
  if (monitor < 0) die("fork");
  if (monitor == 0) {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    if (dup2(ends[1], 9) < 0 || dup2(9, 3) < 0) die("dup2");
    follow_table();
  }
  close(ends[1]);
  struct message m = {0};
  while (read(ends[0], &m, sizeof m) == sizeof m) {
    if (m.kind == FORKED && write(ends[0], "g", 1) < 0) die("go");
    if (m.kind == ENDED) break;
  }
  if (m.kind != ENDED || m.value != 0) {
    fprintf(stderr, "born: message %u, step %u, value %ld\n", m.kind, m.step, (long)m.value);
    exit(1);
  }
  close(ends[0]);
  take_away();
  waitpid(monitor, NULL, 0);
}

static void read_steps(const char *file) {
  static char line[65536];
  FILE *f = fopen(file, "r");
  if (!f) die(file);
  while (count < 256 && fgets(line, sizeof line, f)) {
    line[strcspn(line, "\n")] = 0;
    char *rest = strdup(line);
    steps[count].call = strsep(&rest, "\t");
    steps[count].path = strsep(&rest, "\t");
    steps[count++].text = rest ? rest : "";
  }
  fclose(f);
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  void *room = mmap((void *)(BASE & ~0xfffUL), ROOM + 4096, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  if (room == MAP_FAILED) die("mmap");
  int plan = open(argv[1], O_RDONLY | O_CLOEXEC);
  if (plan < 0 || read(plan, (void *)BASE, ROOM) < HEADER) die(argv[1]);
  read_steps(argv[2]);
  for (char c; read(0, &c, 1) == 1;) {
    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    start();
    clock_gettime(CLOCK_MONOTONIC, &b);
    printf("%ld\n", (b.tv_sec - a.tv_sec) * 1000000000L + b.tv_nsec - a.tv_nsec);
    fflush(stdout);
  }
  return 0;
}
