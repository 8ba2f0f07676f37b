/* Preloaded into every process of a run: sees each call that changes a file, and can make any of them the last.

   FAULTS_ROOT     only files below this directory count
   FAULTS_CONTROL  64 bytes that all processes share, see struct control
   FAULTS_LOG      each death is written there, and with FAULTS_TRACE every call when it is done: role, call,
                   whether it succeeded, path, second path; separated by tabs, and paths relative to FAULTS_ROOT
   FAULTS_RULES    lines "role call count pattern": the process dies at the count-th such call, then the next line
                   applies. A write dies with half of its bytes written.
   FAULTS_CHANCE   of how many calls one is the last, as long as struct control has deaths left; and a seed

   Roles follow from how processes are made: session -> runner -> (fork) job -> (fork) slice. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

struct control {
    int32_t rule;   /* line of FAULTS_RULES that applies */
    int32_t seen;   /* calls that matched it */
    int32_t left;   /* deaths by chance that may still come */
    uint32_t calls; /* all calls; also the state of the chance */
};

static struct control *control;
static const char *rules;
static uint32_t chance, seed;
static char root[PATH_MAX];
static size_t root_length;
static int log_fd = -1, trace, depth;
static enum { OTHER, SESSION, RUNNER } base;

static const char *role(void) {
    if (base == SESSION) return depth ? "other" : "session";
    if (base == RUNNER) return depth == 0 ? "runner" : depth == 1 ? "job" : depth == 2 ? "slice" : "other";
    return "other";
}

static void forked(void) { depth++; }
static void before_fork(void);

static void see_what_we_are(void) {
    char text[8192];
    int fd = syscall(SYS_openat, AT_FDCWD, "/proc/self/cmdline", O_RDONLY);
    ssize_t length = fd < 0 ? 0 : syscall(SYS_read, fd, text, sizeof text - 1);
    if (fd >= 0) syscall(SYS_close, fd);
    text[length > 0 ? length : 0] = 0;
    for (char *argument = text; argument < text + length; argument += strlen(argument) + 1) {
        size_t size = strlen(argument);
        if (!strcmp(argument, "accelerator.engine.runner")) base = RUNNER;
        if (size >= 3 && !strcmp(argument + size - 3, "/ax") && base == OTHER) base = SESSION;
    }
}

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("FAULTS_ROOT");
    if (!path) return;
    snprintf(root, sizeof root, "%s/", path);
    root_length = strlen(root);
    see_what_we_are();
    /* A copy: setting the title of a process overwrites its environment. */
    rules = getenv("FAULTS_RULES") ? strdup(getenv("FAULTS_RULES")) : NULL;
    trace = getenv("FAULTS_TRACE") != NULL;
    if (getenv("FAULTS_CHANCE")) sscanf(getenv("FAULTS_CHANCE"), "%u %u", &chance, &seed);
    if ((path = getenv("FAULTS_LOG")))
        log_fd = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if ((path = getenv("FAULTS_CONTROL"))) {
        int fd = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
        void *shared = fd < 0 ? MAP_FAILED : mmap(NULL, 64, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (fd >= 0) syscall(SYS_close, fd);
        if (shared != MAP_FAILED) control = shared;
    }
    pthread_atfork(before_fork, NULL, forked);
}

/* Say where a path leads; names in it are not followed. */
static void resolve(int directory, const char *path, char *out) {
    char from[64];
    ssize_t length = 0;
    if (path && path[0] == '/') {
        snprintf(out, PATH_MAX, "%s", path);
        return;
    }
    if (directory == AT_FDCWD) snprintf(from, sizeof from, "/proc/self/cwd");
    else snprintf(from, sizeof from, "/proc/self/fd/%d", directory);
    length = readlink(from, out, PATH_MAX - 1);
    out[length > 0 ? length : 0] = 0;
    if (path) snprintf(out + strlen(out), PATH_MAX - strlen(out), "/%s", path);
}

/* The call that this thread is making. */
static __thread struct {
    const char *call; /* NULL: one that does not count */
    char one[PATH_MAX], other[PATH_MAX];
} now;

/* A path relative to the root; one that is elsewhere as it is. */
static const char *below_root(const char *path) {
    if (!strncmp(path, root, root_length)) return path + root_length;
    return strlen(path) == root_length - 1 && !strncmp(path, root, root_length - 1) ? "." : path;
}

static void note(const char *prefix, int succeeded) {
    static __thread char line[3 * PATH_MAX];
    int length = snprintf(line, sizeof line, "%s\t%s%s\t%d\t%s\t%s\n", role(), prefix, now.call, succeeded,
                          below_root(now.one), below_root(now.other));
    if (log_fd >= 0 && length > 0) syscall(SYS_write, log_fd, line, length);
}

/* Tell whether this call is the last that the process makes. */
static int strikes(void) {
    if (!control) return 0;
    uint32_t number = __atomic_add_fetch(&control->calls, 1, __ATOMIC_SEQ_CST);
    if (chance) {
        uint64_t mixed = (seed + (uint64_t)number) * 0x9E3779B97F4A7C15u;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
        /* A runner does little, and should die as often as the others. */
        uint32_t odds = base == RUNNER && !depth ? chance / 8 + 1 : chance;
        if ((mixed >> 32) % odds == 0 && __atomic_fetch_sub(&control->left, 1, __ATOMIC_SEQ_CST) > 0) return 1;
    }
    const char *line = rules;
    int rule = __atomic_load_n(&control->rule, __ATOMIC_SEQ_CST);
    for (int i = 0; line && i < rule; i++) line = (line = strchr(line, '\n')) ? line + 1 : NULL;
    char who[16], what[16], pattern[PATH_MAX];
    int count;
    if (!line || sscanf(line, "%15s %15s %d %4095[^\n]", who, what, &count, pattern) != 4) return 0;
    if (strcmp(who, role()) || strcmp(what, now.call)) return 0;
    if (fnmatch(pattern, below_root(*now.other ? now.other : now.one), FNM_PATHNAME)) return 0;
    if (__atomic_add_fetch(&control->seen, 1, __ATOMIC_SEQ_CST) != count) return 0;
    /* Two slices may be here at once; each rule is for one of them. */
    if (!__atomic_compare_exchange_n(&control->rule, &rule, rule + 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        __atomic_sub_fetch(&control->seen, 1, __ATOMIC_SEQ_CST);
        return 0;
    }
    __atomic_store_n(&control->seen, 0, __ATOMIC_SEQ_CST);
    return 1;
}

static void die(void) {
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;) pause();
}

/* Every call comes here first, with its paths in `now`; 1: it is a write that is to end half done. */
static int begins(const char *call, int torn) {
    now.call = NULL;
    if (!strcmp(role(), "other")) return 0;
    if (*now.one == '/' && below_root(now.one) == now.one) return 0;
    now.call = call;
    if (strikes()) {
        note("died:", 0);
        if (torn) return 1;
        die();
    }
    return 0;
}

/* And here when it has been made. */
static long ended(long result) {
    int error = errno;
    if (root_length && now.call && trace) note("", result >= 0);
    errno = error;
    return result;
}

static void on_path(const char *call, int directory, const char *path) {
    if (!root_length) return;
    resolve(directory, path, now.one);
    now.other[0] = 0;
    begins(call, 0);
}

static void on_paths(const char *call, int d1, const char *p1, int d2, const char *p2) {
    if (!root_length) return;
    resolve(d1, p1, now.one);
    resolve(d2, p2, now.other);
    begins(call, 0);
}

static int on_fd(const char *call, int fd, int torn) {
    if (!root_length) return 0;
    resolve(fd, NULL, now.one);
    now.other[0] = 0;
    return begins(call, torn);
}

static void on_process(const char *call) {
    if (!root_length) return;
    strcpy(now.one, "-");
    now.other[0] = 0;
    begins(call, 0);
    ended(0);
}

static void before_fork(void) { on_process("fork"); }

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        REAL(int, name, const char *, int, ...); \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, mode_t) : 0; \
        va_end(rest); \
        if (!(flags & (O_CREAT | O_TRUNC))) return real(path, flags, mode); \
        on_path("create", AT_FDCWD, path); \
        return ended(real(path, flags, mode)); \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name) \
    int name(int directory, const char *path, int flags, ...) { \
        REAL(int, name, int, const char *, int, ...); \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, mode_t) : 0; \
        va_end(rest); \
        if (!(flags & (O_CREAT | O_TRUNC))) return real(directory, path, flags, mode); \
        on_path("create", directory, path); \
        return ended(real(directory, path, flags, mode)); \
    }
OPENAT(openat)
OPENAT(openat64)

ssize_t write(int fd, const void *data, size_t size) {
    REAL(ssize_t, write, int, const void *, size_t);
    if (on_fd("write", fd, size > 1)) {
        real(fd, data, size / 2);
        die();
    }
    return ended(real(fd, data, size));
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    REAL(ssize_t, writev, int, const struct iovec *, int);
    size_t size = 0;
    for (int i = 0; i < count; i++) size += parts[i].iov_len;
    if (on_fd("write", fd, size > 1)) {
        real(fd, parts, count / 2);
        die();
    }
    return ended(real(fd, parts, count));
}

#define PWRITE(name, offset_type) \
    ssize_t name(int fd, const void *data, size_t size, offset_type offset) { \
        REAL(ssize_t, name, int, const void *, size_t, offset_type); \
        if (on_fd("write", fd, size > 1)) { \
            real(fd, data, size / 2, offset); \
            die(); \
        } \
        return ended(real(fd, data, size, offset)); \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define ON_FD(name, call) \
    int name(int fd) { \
        REAL(int, name, int); \
        on_fd(call, fd, 0); \
        return ended(real(fd)); \
    }
ON_FD(fsync, "fsync")
ON_FD(fdatasync, "fsync")

#define TRUNCATE(name, offset_type) \
    int name(int fd, offset_type size) { \
        REAL(int, name, int, offset_type); \
        on_fd("truncate", fd, 0); \
        return ended(real(fd, size)); \
    }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

#define ON_PATH(name, call) \
    int name(const char *path) { \
        REAL(int, name, const char *); \
        on_path(call, AT_FDCWD, path); \
        return ended(real(path)); \
    }
ON_PATH(unlink, "unlink")
ON_PATH(rmdir, "rmdir")

int unlinkat(int directory, const char *path, int flags) {
    REAL(int, unlinkat, int, const char *, int);
    on_path(flags & AT_REMOVEDIR ? "rmdir" : "unlink", directory, path);
    return ended(real(directory, path, flags));
}

int mkdir(const char *path, mode_t mode) {
    REAL(int, mkdir, const char *, mode_t);
    on_path("mkdir", AT_FDCWD, path);
    return ended(real(path, mode));
}

int mkdirat(int directory, const char *path, mode_t mode) {
    REAL(int, mkdirat, int, const char *, mode_t);
    on_path("mkdir", directory, path);
    return ended(real(directory, path, mode));
}

int symlink(const char *target, const char *path) {
    REAL(int, symlink, const char *, const char *);
    on_path("symlink", AT_FDCWD, path);
    return ended(real(target, path));
}

int symlinkat(const char *target, int directory, const char *path) {
    REAL(int, symlinkat, const char *, int, const char *);
    on_path("symlink", directory, path);
    return ended(real(target, directory, path));
}

int rename(const char *from, const char *to) {
    REAL(int, rename, const char *, const char *);
    on_paths("rename", AT_FDCWD, from, AT_FDCWD, to);
    return ended(real(from, to));
}

int renameat(int d1, const char *from, int d2, const char *to) {
    REAL(int, renameat, int, const char *, int, const char *);
    on_paths("rename", d1, from, d2, to);
    return ended(real(d1, from, d2, to));
}

int link(const char *from, const char *to) {
    REAL(int, link, const char *, const char *);
    on_paths("link", AT_FDCWD, from, AT_FDCWD, to);
    return ended(real(from, to));
}

pid_t wait4(pid_t pid, int *status, int options, struct rusage *usage) {
    REAL(pid_t, wait4, pid_t, int *, int, struct rusage *);
    on_process("reap");
    return real(pid, status, options, usage);
}
