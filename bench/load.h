/* What a load is: its options, its packets and what came of them. Shared by all parts of the load generator. */
#ifndef LOAD_H
#define LOAD_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "digests.h"

enum mode { PAP, CHAP, MSCHAPV2, START, INTERIM, STOP, LIFE, MODES };
static const char *const mode_names[MODES] = {"pap", "chap", "mschapv2", "start", "interim", "stop", "life"};
enum code { ACCESS_REQUEST = 1, ACCEPT, REJECT, ACCOUNTING_REQUEST, ACCOUNTING_RESPONSE };
enum limits { LONGEST = 4096, BATCH = 64, MOST_REQUIRED = 32 };
#define MICROSOFT 311

static struct {
    const char *users, *host, *secret, *nas_ip;
    enum mode mode;
    int port, window, sockets, timeout, tries, interims, reply_ma, walk;
    long count, sessions, began, spread;
    u64 seed;
    double rate, bad, unknown, dup, limit;
    struct { int vendor, type; } required[MOST_REQUIRED];
    int required_count;
} options = {.host = "127.0.0.1", .secret = "testing123", .nas_ip = "10.0.0.1", .mode = MODES, .port = 1812,
             .window = 64, .sockets = 16, .timeout = 3000, .tries = 3, .interims = 2, .count = 10000, .seed = 1,
             .spread = 1};

/* What the server must prove about an MS-CHAPv2 login. */
typedef struct { u8 success[43], send_key[16], receive_key[16]; } proof_t;

/* One request, encoded; `next` is the packet that follows it in its slot; `counters` are octets in and out. */
typedef struct { u8 *data; u16 length; u8 expected, twice; int slot; long next, session; u64 counters[2]; } packet_t;

/* The highest counters of a session that the server acknowledged. */
typedef struct { u64 in, out; int seen; } acknowledged_t;

/* One of the `window` places a request can be outstanding in; it owns some identifiers of one socket. */
typedef struct { long current, next, last; double due, sent; int tries, identifiers; u8 previous[16]; int answered; }
    slot_t;

static packet_t *packets;
static proof_t *proofs;
static slot_t *slots;
static acknowledged_t *acknowledged;
static int *sockets, per_socket;
static hmac_t key;

static struct {
    long replies, accepts, rejects, wrong_code, bad_auth, bad_proof, missing, unsigned_, lost, retransmitted;
    long duplicates, stray, late;
    u64 octets, sum_in, sum_out;
} seen;
static float *latencies;

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void die(const char *what) {
    perror(what);
    exit(2);
}

/* splitmix64: the same seed gives the same load on every machine. */
static u64 random_state;
static u64 random_next(void) {
    u64 z = random_state += 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}
static double random_percent(void) { return (double)(random_next() >> 11) * (100.0 / 9007199254740992.0); }
static void random_octets(u8 *out, int length) {
    for (int i = 0; i < length; i += 8) {
        u64 r = random_next();
        memcpy(out + i, &r, length - i < 8 ? (size_t)(length - i) : 8);
    }
}

/* ---- Users ---- */

typedef struct { char *name, *password; } user_t;
static user_t *users;
static long user_count;

static void load_users(void) {
    FILE *file = fopen(options.users, "r");
    if (!file) die(options.users);
    char line[1024];
    for (long room = 0; fgets(line, sizeof line, file);) {
        char *end = strpbrk(line, "\r\n"), *comma = strchr(line, ',');
        if (end) *end = 0;
        if (!comma) continue;
        *comma = 0;
        if (user_count == room) users = realloc(users, (size_t)(room = room ? 2 * room : 1024) * sizeof *users);
        users[user_count++] = (user_t){strdup(line), strdup(comma + 1)};
    }
    fclose(file);
    if (!user_count) {
        fprintf(stderr, "%s holds no users\n", options.users);
        exit(2);
    }
}

#endif
