/* junk - sends what a RADIUS server has to throw away, from addresses that are no NAS (UDP over IPv4, Linux).
 *
 *   cc -O2 -o junk junk.c
 *   junk --port PORT [--host 127.0.0.1] [--rate 50000] [--seconds 10] [--sources 250] [--seed 1]
 *
 * Sources are loopback addresses 127.64.x.y, each with a port of its own, so that SO_REUSEPORT spreads them over all
 * workers. Four in ten datagrams look like an Access-Request of 11 attributes, the others are requests of other
 * codes, lengths that lie, attributes without length, noise, and long ones. "started" goes to stderr when the clock
 * starts; one JSON object says what was really sent. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { KINDS = 1024, BATCH = 32, LONGEST = 1400 };

static uint8_t datagrams[KINDS][LONGEST];
static size_t lengths[KINDS];
static int *sockets, sources = 250, port;
static const char *host = "127.0.0.1";
static double rate = 50000, duration = 10;
static long sent, refused;
static uint64_t state = 1;

static void die(const char *what) {
    perror(what);
    exit(2);
}

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static uint64_t next_random(void) { /* splitmix64 */
    uint64_t z = state += 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

static size_t noise(uint8_t *to, size_t length) {
    for (size_t i = 0; i < length; i++) to[i] = (uint8_t)next_random();
    return length;
}

/* A header and attributes that a parser accepts; what they say is noise. */
static size_t plausible(uint8_t *to, int code) {
    static const uint8_t kinds[11][2] = {{80, 18}, {1, 20}, {2, 18}, {4, 6}, {5, 6}, {61, 6}, {6, 6}, {7, 6}, {31, 19},
                                         {30, 13}, {87, 8}};
    size_t at = noise(to, 20);
    for (int i = 0; i < 11; i++) {
        noise(to + at, kinds[i][1]);
        to[at] = kinds[i][0];
        to[at + 1] = kinds[i][1];
        at += kinds[i][1];
    }
    to[0] = (uint8_t)code;
    to[2] = (uint8_t)(at >> 8);
    to[3] = (uint8_t)at;
    return at;
}

static void make(int number) {
    uint8_t *to = datagrams[number];
    size_t length = plausible(to, 1);
    switch (number % 10) {
        case 0: case 1: case 2: case 3: break;
        case 4: to[0] = 4; break;                                                     /* accounting */
        case 5: to[0] = 12; break;                                                    /* Status-Server */
        case 6: to[2] = 0xff; break;                                                  /* longer than it is */
        case 7: to[21] = (uint8_t)(number % 2); break;                                /* an attribute without length */
        case 8: length = noise(to, 1 + next_random() % 300); break;
        default: length = noise(to, LONGEST);
    }
    lengths[number] = length;
}

static void open_sockets(void) {
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int buffer = 1 << 20;
    if (inet_pton(AF_INET, host, &server.sin_addr) != 1) die(host);
    sockets = malloc((size_t)sources * sizeof *sockets);
    for (int i = 0; i < sources; i++) {
        struct sockaddr_in source = {.sin_family = AF_INET,
                                     .sin_addr.s_addr = htonl(0x7f400000u + (uint32_t)(next_random() & 0xfffff) + 1)};
        sockets[i] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        setsockopt(sockets[i], SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
        if (bind(sockets[i], (struct sockaddr *)&source, sizeof source)) die("bind");
        if (connect(sockets[i], (struct sockaddr *)&server, sizeof server)) die("connect");
    }
}

static void burst(int socket, int count) {
    static struct mmsghdr messages[BATCH];
    static struct iovec vectors[BATCH];
    for (int i = 0; i < count; i++) {
        int chosen = (int)(next_random() % KINDS);
        vectors[i] = (struct iovec){datagrams[chosen], lengths[chosen]};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
    }
    int done = sendmmsg(sockets[socket], messages, (unsigned)count, 0);
    if (done > 0) sent += done;
    else if (errno == ECONNREFUSED) refused++;
    else if (errno != EAGAIN && errno != ENOBUFS && errno != EINTR) die("send");
}

static double run(void) {
    prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
    fputs("started\n", stderr);
    double started = seconds(), now;
    long due = 0;
    for (int socket = 0; (now = seconds() - started) < duration;) {
        for (long wanted = (long)(now * rate); due < wanted; socket = (socket + 1) % sources) {
            int count = wanted - due < BATCH ? (int)(wanted - due) : BATCH;
            burst(socket, count);
            due += count;
            if (seconds() - started > duration) break; /* cannot keep up: what was really sent is reported */
        }
        usleep(200);
    }
    return seconds() - started;
}

int main(int count, char **arguments) {
    static const struct option known[] = {{"host", 1, 0, 'h'}, {"port", 1, 0, 'p'}, {"rate", 1, 0, 'r'},
                                          {"seconds", 1, 0, 't'}, {"sources", 1, 0, 'n'}, {"seed", 1, 0, 's'}, {0}};
    for (int letter; (letter = getopt_long(count, arguments, "", known, NULL)) != -1;) {
        switch (letter) {
            case 'h': host = optarg; break;
            case 'p': port = atoi(optarg); break;
            case 'r': rate = atof(optarg); break;
            case 't': duration = atof(optarg); break;
            case 'n': sources = atoi(optarg); break;
            case 's': state = strtoull(optarg, NULL, 10); break;
            default: return 2;
        }
    }
    if (port < 1 || sources < 1) {
        fputs("--port is needed; all options are explained at the head of junk.c\n", stderr);
        return 2;
    }
    for (int i = 0; i < KINDS; i++) make(i);
    open_sockets();
    double elapsed = run();
    printf("{\"sent\": %ld, \"seconds\": %.3f, \"rate\": %.0f, \"offered\": %.0f, \"refused\": %ld, \"sources\": %d}\n",
           sent, elapsed, (double)sent / elapsed, rate, refused, sources);
    return 0;
}
