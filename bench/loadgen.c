/* loadgen - RADIUS load generator that verifies every reply (UDP over IPv4, Linux).
 *
 *   cc -O2 -o loadgen loadgen.c -lm
 *   loadgen --users FILE --mode MODE [options]
 *
 *   --users FILE          lines "username,password", no header, no quoting
 *   --mode MODE           pap, chap, mschapv2: Access-Requests
 *                         start, interim, stop: one Acct-Status-Type; packet i belongs to session i mod SESSIONS
 *                         life: every session whole: Start, INTERIMS Interim-Updates, Stop, in order
 *   --host 127.0.0.1 --port 1812 --secret testing123 --nas-ip 10.0.0.1
 *   --count 10000         packets (life: rounded down to whole sessions)
 *   --sessions COUNT      accounting: how many sessions
 *   --interims 2          life: Interim-Updates per session; stop: how many came before it
 *   --began TIME          accounting: Event-Timestamp of every Start (default: an hour ago); give the same one to
 *                         the start, interim and stop of the same seed
 *   --window 64           requests outstanding
 *   --sockets 16          source ports
 *   --rate 0              open loop: offer so many a second, whatever comes back; latency then counts from the moment
 *                         a request was due, not from when it could be sent. 0: closed loop, the window stays full
 *   --seed 1              chooses users, authenticators, session ids ("S<seed>-<n>") and counters
 *   --bad 0 --unknown 0   percent of logins with a wrong password, or for a user nobody has: must be rejected
 *   --dup 0               percent of requests sent twice at once
 *   --timeout 3000        milliseconds until a request is sent again
 *   --tries 3             how often it is sent before it counts as lost
 *   --require LIST        attributes every Access-Accept must carry: "27,14988.8" (type, or vendor.type)
 *   --reply-ma            every reply to an Access-Request must carry Message-Authenticator
 *
 * All requests are encoded before the clock starts. Of every reply the code, identifier and Response Authenticator are
 * checked, and Message-Authenticator where present; of an MS-CHAPv2 Accept also the authenticator response
 * (RFC 2759 section 8.7) and both MPPE keys, decrypted (RFC 2548 section 2.4). One JSON object is printed; the exit
 * status is 0 when nothing was lost or wrong, 1 when something was, 2 for a mistake in the command. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "digests.h"

enum mode { PAP, CHAP, MSCHAPV2, START, INTERIM, STOP, LIFE, MODES };
static const char *const mode_names[MODES] = {"pap", "chap", "mschapv2", "start", "interim", "stop", "life"};
enum code { ACCESS_REQUEST = 1, ACCEPT, REJECT, ACCOUNTING_REQUEST, ACCOUNTING_RESPONSE };
enum limits { LONGEST = 4096, BATCH = 64, MOST_REQUIRED = 32 };
#define MICROSOFT 311

static struct {
    const char *users, *host, *secret, *nas_ip;
    enum mode mode;
    int port, window, sockets, timeout, tries, interims, reply_ma;
    long count, sessions, began;
    u64 seed;
    double rate, bad, unknown, dup;
    struct { int vendor, type; } required[MOST_REQUIRED];
    int required_count;
} options = {.host = "127.0.0.1", .secret = "testing123", .nas_ip = "10.0.0.1", .mode = MODES, .port = 1812,
             .window = 64, .sockets = 16, .timeout = 3000, .tries = 3, .interims = 2, .count = 10000, .seed = 1};

/* What the server must prove about an MS-CHAPv2 login. */
typedef struct { u8 success[43], send_key[16], receive_key[16]; } proof_t;

/* One request, encoded; `next` is the packet that follows it in its slot. */
typedef struct { u8 *data; u16 length; u8 expected, twice; int slot; long next; } packet_t;

/* One of the `window` places a request can be outstanding in; it owns some identifiers of one socket. */
typedef struct { long current, next, last; double due, sent; int tries, identifiers; u8 previous[16]; int answered; }
    slot_t;

static packet_t *packets;
static proof_t *proofs;
static slot_t *slots;
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

/* ---- Encoding ---- */

static u8 *put(u8 *to, int type, const void *value, size_t length) {
    to[0] = (u8)type;
    to[1] = (u8)(length + 2);
    memcpy(to + 2, value, length);
    return to + 2 + length;
}
static u8 *put_text(u8 *to, int type, const char *text) { return put(to, type, text, strlen(text)); }
static u8 *put_integer(u8 *to, int type, u32 value) {
    value = htonl(value);
    return put(to, type, &value, 4);
}
static u8 *put_microsoft(u8 *to, int type, const void *value, size_t length) {
    u8 whole[256] = {0, 0, MICROSOFT >> 8, MICROSOFT & 255, (u8)type, (u8)(length + 2)};
    memcpy(whole + 6, value, length);
    return put(to, 26, whole, length + 6);
}

static void md5_of(u8 *out, const void *a, size_t al, const void *b, size_t bl, const void *c, size_t cl) {
    digest_t d;
    digest_start(&d, md5_compress);
    digest_add(&d, a, al);
    digest_add(&d, b, bl);
    digest_add(&d, c, cl);
    digest_end(&d, out);
}
static void sha1_of(u8 *out, const void *a, size_t al, const void *b, size_t bl, const void *c, size_t cl) {
    digest_t d;
    digest_start(&d, sha1_compress);
    digest_add(&d, a, al);
    digest_add(&d, b, bl);
    digest_add(&d, c, cl);
    digest_end(&d, out);
}

/* RFC 2865 section 5.2 */
static u8 *put_pap(u8 *to, const char *password, const u8 *authenticator) {
    u8 hidden[128] = {0}, pad[16];
    size_t length = strlen(password);
    if (length > 128) length = 128;
    memcpy(hidden, password, length);
    size_t whole = length ? (length + 15) / 16 * 16 : 16;
    const u8 *last = authenticator;
    for (size_t at = 0; at < whole; last = hidden + at, at += 16) {
        md5_of(pad, options.secret, strlen(options.secret), last, 16, "", 0);
        for (int i = 0; i < 16; i++) hidden[at + (size_t)i] ^= pad[i];
    }
    return put(to, 2, hidden, whole);
}

/* RFC 2865 section 5.3 */
static u8 *put_chap(u8 *to, const char *password) {
    u8 challenge[16], answer[17];
    random_octets(challenge, 16);
    random_octets(answer, 1);
    md5_of(answer + 1, answer, 1, password, strlen(password), challenge, 16);
    return put(put(to, 3, answer, 17), 60, challenge, 16);
}

static void mppe_key(u8 *out, const u8 *master, const char *magic) { /* RFC 3079 section 3.3 */
    u8 before[40] = {0}, after[40], digest[20], middle[128];
    size_t length = strlen(magic);
    memset(after, 0xf2, 40);
    memcpy(middle, magic, length);
    memcpy(middle + length, after, 40);
    sha1_of(digest, master, 16, before, 40, middle, length + 40);
    memcpy(out, digest, 16);
}

static void expect_proof(proof_t *proof, int identifier, const u8 *hash, const u8 *answer, const u8 *challenge) {
    static const char sign[] = "Magic server to client signing constant";
    static const char pad[] = "Pad to make it do more than one iteration";
    static const char master_magic[] = "This is the MPPE Master Key";
    static const char sending[] =
        "On the client side, this is the receive key; on the server side, it is the send key.";
    static const char receiving[] =
        "On the client side, this is the send key; on the server side, it is the receive key.";
    u8 hash_hash[16], digest[20], text[43];
    digest_t d;
    digest_start(&d, md4_compress);
    digest_add(&d, hash, 16);
    digest_end(&d, hash_hash);
    sha1_of(digest, hash_hash, 16, answer, 24, sign, sizeof sign - 1);
    sha1_of(digest, digest, 20, challenge, 8, pad, sizeof pad - 1);
    proof->success[0] = (u8)identifier;
    memcpy(text, "S=", 2);
    for (int i = 0; i < 20; i++) snprintf((char *)text + 2 + 2 * i, 3, "%02X", digest[i]);
    memcpy(proof->success + 1, text, 42);
    sha1_of(digest, hash_hash, 16, answer, 24, master_magic, sizeof master_magic - 1);
    u8 master[16];
    memcpy(master, digest, 16);
    mppe_key(proof->send_key, master, sending);
    mppe_key(proof->receive_key, master, receiving);
}

/* RFC 2759 sections 8.1 to 8.5, in the attributes of RFC 2548 section 2.3; passwords are ASCII. */
static u8 *put_mschapv2(u8 *to, const char *name, const char *password, proof_t *proof) {
    u8 authenticator_challenge[16], response[50] = {0}, hash[21] = {0}, digest[20], wide[256];
    u8 *peer_challenge = response + 2, *answer = response + 26;
    random_octets(authenticator_challenge, 16);
    random_octets(peer_challenge, 16);
    random_octets(response, 1);
    size_t length = strlen(password);
    if (length > 128) length = 128;
    for (size_t i = 0; i < length; i++) wide[2 * i] = (u8)password[i], wide[2 * i + 1] = 0;
    digest_t d;
    digest_start(&d, md4_compress);
    digest_add(&d, wide, 2 * length);
    digest_end(&d, hash);
    sha1_of(digest, peer_challenge, 16, authenticator_challenge, 16, name, strlen(name));
    for (int i = 0; i < 3; i++) des(hash + 7 * i, digest, answer + 8 * i);
    expect_proof(proof, response[0], hash, answer, digest);
    to = put_microsoft(to, 11, authenticator_challenge, 16);
    return put_microsoft(to, 25, response, 50);
}

/* The attributes that say where somebody is, the same in a login and in accounting. */
static u8 *put_line(u8 *to, long user, u32 port) {
    char calling[24];
    u32 nas;
    inet_pton(AF_INET, options.nas_ip, &nas);
    snprintf(calling, sizeof calling, "02:00:%02lX:%02lX:%02lX:01", (user >> 16) & 255, (user >> 8) & 255, user & 255);
    to = put(to, 4, &nas, 4);
    to = put_integer(to, 5, port);
    to = put_integer(to, 61, 15); /* NAS-Port-Type Ethernet */
    to = put_integer(to, 6, 2);   /* Service-Type Framed-User */
    to = put_integer(to, 7, 1);   /* Framed-Protocol PPP */
    to = put_text(to, 31, calling);
    to = put_text(to, 30, "pppoe-bench");
    return put_text(to, 87, "ether1");
}

static u16 finish(u8 *packet, const u8 *end, int code, int identifier) {
    u16 length = (u16)(end - packet);
    packet[0] = (u8)code;
    packet[1] = (u8)identifier;
    packet[2] = (u8)(length >> 8);
    packet[3] = (u8)length;
    return length;
}

static u16 encode_access(u8 *packet, long number, int identifier, u8 *expected) {
    static const u8 zeros[16];
    long user = (long)(random_next() % (u64)user_count);
    char name[300], password[300];
    double luck = random_percent();
    snprintf(name, sizeof name, "%s%.240s", luck >= options.bad && luck < options.bad + options.unknown ? "no-" : "",
             users[user].name);
    snprintf(password, sizeof password, "%.120s%s", users[user].password, luck < options.bad ? "X" : "");
    *expected = luck < options.bad + options.unknown ? REJECT : ACCEPT;
    random_octets(packet + 4, 16);
    u8 *end = put(packet + 20, 80, zeros, 16);
    end = put_text(end, 1, name);
    if (options.mode == PAP) end = put_pap(end, password, packet + 4);
    if (options.mode == CHAP) end = put_chap(end, password);
    if (options.mode == MSCHAPV2) end = put_mschapv2(end, name, password, &proofs[number]);
    end = put_line(end, user, (u32)(number & 0xffff));
    u16 length = finish(packet, end, ACCESS_REQUEST, identifier);
    hmac_md5(&key, packet, length, packet + 22);
    return length;
}

/* `round` counts what was reported before; counters start beyond 2^32 so that Gigawords matter. */
static u16 encode_accounting(u8 *packet, long session, enum mode kind, long round, int identifier, int is_last) {
    u64 kept = random_state, in = 0, out = 0;
    random_state = options.seed * 1000003 + (u64)session * 7919; /* the same session in start, interim and stop */
    long user = (long)(random_next() % (u64)user_count);
    u64 r = random_next();
    random_state = kept;
    char id[48];
    snprintf(id, sizeof id, "S%llu-%08lx", (unsigned long long)options.seed, session);
    u8 *end = put_integer(packet + 20, 40, kind == START ? 1 : kind == STOP ? 2 : 3);
    end = put_text(end, 44, id);
    end = put_text(end, 1, users[user].name);
    end = put_line(end, user, (u32)(session & 0xffff));
    end = put_integer(end, 8, 0x0a400000 | (u32)(r & 0x3fffff));
    end = put_integer(end, 45, 1); /* Acct-Authentic RADIUS */
    end = put_integer(end, 55, (u32)(options.began + 300 * (kind == START ? 0 : round + 1)));
    end = put_integer(end, 41, 0);
    if (kind != START) {
        in = 4000000000ULL + r % 100000000 + (u64)(round + 1) * 300000000;
        out = 4000000000ULL + (r >> 40) % 100000000 + (u64)(round + 1) * 1500000000;
        end = put_integer(end, 46, (u32)(300 * (round + 1)));
        end = put_integer(end, 42, (u32)in);
        end = put_integer(end, 43, (u32)out);
        end = put_integer(end, 47, (u32)(in / 1200));
        end = put_integer(end, 48, (u32)(out / 1200));
        end = put_integer(end, 52, (u32)(in >> 32));
        end = put_integer(end, 53, (u32)(out >> 32));
    }
    if (kind == STOP) end = put_integer(end, 49, 1);
    if (is_last) seen.sum_in += in, seen.sum_out += out;
    u16 length = finish(packet, end, ACCOUNTING_REQUEST, identifier);
    u8 digest[16];
    memset(packet + 4, 0, 16);
    md5_of(digest, packet, length, options.secret, strlen(options.secret), "", 0);
    memcpy(packet + 4, digest, 16);
    return length;
}

/* Encode packet `number` into `to` and queue it in its slot. Slots of a socket never share an identifier. */
static u16 prepare(long number, u8 *to) {
    int life = options.interims + 2, step = (int)(number % life);
    packet_t *p = &packets[number];
    long session = options.mode == LIFE ? number / life : number % options.sessions;
    p->slot = (int)((options.mode < START ? number : session) % options.window);
    slot_t *slot = &slots[p->slot];
    int identifier = p->slot % per_socket + per_socket * (slot->identifiers++ % (256 / per_socket));
    p->data = to;
    p->next = -1;
    if (options.mode < START) {
        p->length = encode_access(to, number, identifier, &p->expected);
    } else {
        long round = number / options.sessions + (options.mode == STOP ? options.interims : 0);
        enum mode kind = options.mode;
        int is_last = number >= options.count - options.sessions;
        if (options.mode == LIFE) {
            kind = step == 0 ? START : step == life - 1 ? STOP : INTERIM;
            round = step - 1;
            is_last = kind == STOP;
        }
        p->expected = ACCOUNTING_RESPONSE;
        p->length = encode_accounting(to, session, kind, round, identifier, is_last);
    }
    p->twice = options.dup > 0 && random_percent() < options.dup;
    if (slot->last >= 0) packets[slot->last].next = number;
    else slot->next = number;
    slot->last = number;
    return p->length;
}

static void prepare_all(void) {
    packets = calloc((size_t)options.count, sizeof *packets);
    slots = calloc((size_t)options.window, sizeof *slots);
    latencies = malloc((size_t)options.count * sizeof *latencies);
    if (options.mode == MSCHAPV2) proofs = calloc((size_t)options.count, sizeof *proofs);
    u8 *to = malloc((size_t)options.count * 700); /* pages never written cost nothing */
    if (!packets || !slots || !latencies || !to) die("memory");
    for (int i = 0; i < options.window; i++) slots[i].current = slots[i].next = slots[i].last = -1;
    random_state = options.seed * 77777;
    for (long i = 0; i < options.count; i++) to += prepare(i, to);
}

/* ---- Verifying ---- */

/* Whether the reply is signed for the request with this authenticator; `signature` tells of Message-Authenticator. */
static int verify(const u8 *authenticator, const u8 *reply, int received, int *length, int *signature) {
    static const u8 zeros[16];
    u8 digest[16], copy[LONGEST];
    *length = reply[2] << 8 | reply[3];
    *signature = 0;
    if (*length < 20 || *length > received) return 0;
    digest_t d;
    digest_start(&d, md5_compress);
    digest_add(&d, reply, 4);
    digest_add(&d, authenticator, 16);
    digest_add(&d, reply + 20, (size_t)*length - 20);
    digest_add(&d, options.secret, strlen(options.secret));
    digest_end(&d, digest);
    if (memcmp(digest, reply + 4, 16)) return 0;
    for (int at = 20; at < *length; at += reply[at + 1]) {
        if (at + 2 > *length || reply[at + 1] < 2 || at + reply[at + 1] > *length) return 0;
        if (reply[at] != 80) continue;
        if (reply[at + 1] != 18) return 0;
        memcpy(copy, reply, (size_t)*length);
        memcpy(copy + 4, authenticator, 16);
        memcpy(copy + at + 2, zeros, 16);
        hmac_md5(&key, copy, (size_t)*length, digest);
        if (memcmp(digest, reply + at + 2, 16)) return 0;
        *signature = 1;
    }
    return 1;
}

/* The value of an attribute of a verified reply and its length, NULL when it is not there; vendor 0: a plain one. */
static const u8 *find(const u8 *reply, int length, int vendor, int type, int *size) {
    for (int at = 20; at < length; at += reply[at + 1]) {
        int end = at + reply[at + 1];
        if (!vendor && reply[at] == type) {
            *size = reply[at + 1] - 2;
            return reply + at + 2;
        }
        if (!vendor || reply[at] != 26 || reply[at + 1] < 8) continue;
        if ((reply[at + 2] << 24 | reply[at + 3] << 16 | reply[at + 4] << 8 | reply[at + 5]) != vendor) continue;
        for (int sub = at + 6; sub + 2 <= end && reply[sub + 1] >= 2; sub += reply[sub + 1])
            if (reply[sub] == type) {
                *size = sub + reply[sub + 1] <= end ? reply[sub + 1] - 2 : 0;
                return reply + sub + 2;
            }
    }
    return NULL;
}

/* RFC 2548 section 2.4.2: salt, then the key's length and the key, hidden under secret and authenticator. */
static int reveals(const u8 *value, int size, const u8 *authenticator, const u8 *wanted) {
    u8 pad[16], clear[32];
    if (!value || size != 34) return 0;
    md5_of(pad, options.secret, strlen(options.secret), authenticator, 16, value, 2);
    for (int i = 0; i < 16; i++) clear[i] = pad[i] ^ value[2 + i];
    md5_of(pad, options.secret, strlen(options.secret), value + 2, 16, "", 0);
    for (int i = 0; i < 16; i++) clear[16 + i] = pad[i] ^ value[18 + i];
    return clear[0] == 16 && !memcmp(clear + 1, wanted, 16);
}

static int proven(const packet_t *p, const u8 *reply, int length) {
    const proof_t *proof = &proofs[p - packets];
    int size;
    const u8 *value = find(reply, length, MICROSOFT, 26, &size);
    if (!value || size != 43 || memcmp(value, proof->success, 43)) return 0;
    value = find(reply, length, MICROSOFT, 16, &size);
    if (!reveals(value, size, p->data + 4, proof->send_key)) return 0;
    value = find(reply, length, MICROSOFT, 17, &size);
    return reveals(value, size, p->data + 4, proof->receive_key);
}

static void judge(const packet_t *p, const u8 *reply, int length, int signature) {
    int size;
    seen.replies++;
    seen.octets += (u64)length;
    seen.accepts += reply[0] == ACCEPT || reply[0] == ACCOUNTING_RESPONSE;
    seen.rejects += reply[0] == REJECT;
    seen.wrong_code += reply[0] != p->expected;
    seen.unsigned_ += options.mode < START && !signature;
    if (reply[0] != ACCEPT) return;
    for (int i = 0; i < options.required_count; i++)
        if (!find(reply, length, options.required[i].vendor, options.required[i].type, &size)) {
            seen.missing++;
            break;
        }
    if (options.mode == MSCHAPV2 && p->expected == ACCEPT) seen.bad_proof += !proven(p, reply, length);
}

/* ---- Exchanging ---- */

static struct mmsghdr outgoing[2 * BATCH], incoming[BATCH];
static struct iovec out_vectors[2 * BATCH], in_vectors[BATCH];
static u8 received[BATCH][LONGEST];
static int queued, queued_socket;
static long finished;
static double started;

static void flush(void) {
    int refused = 0;
    for (int sent = 0; sent < queued;) {
        int done = sendmmsg(sockets[queued_socket], outgoing + sent, (unsigned)(queued - sent), 0);
        if (done > 0) sent += done;
        else if (errno == EAGAIN || errno == ENOBUFS) usleep(50);
        else if (errno == ECONNREFUSED && ++refused > 100) break; /* nobody listens: it will be sent again */
        else if (errno != EINTR && errno != ECONNREFUSED) die("send");
    }
    queued = 0;
}

static void queue(const packet_t *p, int copies) {
    int socket = p->slot / per_socket;
    if (socket != queued_socket || queued + copies > 2 * BATCH) flush();
    queued_socket = socket;
    while (copies--) out_vectors[queued++] = (struct iovec){p->data, p->length};
}

static double due(long number) { return options.rate > 0 ? started + (double)number / options.rate : 0; }

/* Send what is next in a free slot, unless its time has not come. */
static void launch(slot_t *slot, double now) {
    long number = slot->next;
    if (number < 0 || due(number) > now) return;
    slot->current = number;
    slot->next = packets[number].next;
    slot->due = options.rate > 0 ? due(number) : now;
    slot->sent = now;
    slot->tries = 1;
    queue(&packets[number], packets[number].twice ? 2 : 1);
}

static void settle(slot_t *slot, double now) {
    memcpy(slot->previous, packets[slot->current].data + 4, 16);
    slot->answered = 1;
    slot->current = -1;
    finished++;
    launch(slot, now);
}

static void take(int socket, const u8 *reply, int size, double now) {
    int length, signature;
    if (size < 20) {
        seen.stray++;
        return;
    }
    slot_t *slot = &slots[socket * per_socket + reply[1] % per_socket];
    const packet_t *p = slot->current < 0 ? NULL : &packets[slot->current];
    int awaited = p && p->data[1] == reply[1];
    if (awaited && verify(p->data + 4, reply, size, &length, &signature)) {
        judge(p, reply, length, signature);
        latencies[seen.replies - 1] = (float)((now - slot->due) * 1e6);
        settle(slot, now);
    } else if (slot->answered && verify(slot->previous, reply, size, &length, &signature)) {
        seen.duplicates++;
    } else if (awaited) {
        seen.bad_auth++;
    } else {
        seen.stray++;
    }
}

static void receive(int socket) {
    int count;
    do {
        count = recvmmsg(sockets[socket], incoming, BATCH, MSG_DONTWAIT, NULL);
        double now = seconds();
        for (int i = 0; i < count; i++) take(socket, received[i], (int)incoming[i].msg_len, now);
        flush();
    } while (count == BATCH);
}

static void retransmit(double now) {
    for (int i = 0; i < options.window; i++) {
        slot_t *slot = &slots[i];
        if (slot->current < 0 || (now - slot->sent) * 1000 < options.timeout) continue;
        if (slot->tries < options.tries) {
            slot->tries++;
            slot->sent = now;
            seen.retransmitted++;
            queue(&packets[slot->current], 1);
        } else {
            seen.lost++;
            settle(slot, now);
        }
    }
    flush();
}

static int open_sockets(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((u16)options.port)};
    int poll = epoll_create1(0), buffer = 4 << 20;
    if (inet_pton(AF_INET, options.host, &address.sin_addr) != 1) die(options.host);
    sockets = malloc((size_t)options.sockets * sizeof *sockets);
    for (int i = 0; i < options.sockets; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = (u32)i};
        sockets[i] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        setsockopt(sockets[i], SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
        setsockopt(sockets[i], SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
        if (connect(sockets[i], (struct sockaddr *)&address, sizeof address)) die("connect");
        epoll_ctl(poll, EPOLL_CTL_ADD, sockets[i], &event);
    }
    for (int i = 0; i < BATCH; i++) {
        in_vectors[i] = (struct iovec){received[i], LONGEST};
        incoming[i].msg_hdr = (struct msghdr){.msg_iov = &in_vectors[i], .msg_iovlen = 1};
    }
    for (int i = 0; i < 2 * BATCH; i++)
        outgoing[i].msg_hdr = (struct msghdr){.msg_iov = &out_vectors[i], .msg_iovlen = 1};
    return poll;
}

/* Seconds until something other than a reply is to be done. */
static double patience(long offered) {
    double left = options.rate > 0 && offered < options.count ? due(offered) - seconds() : 0.02;
    return left < 0 ? 0 : left > 0.02 ? 0.02 : left;
}

static double exchange(void) {
    int poll = open_sockets();
    struct epoll_event events[64];
    prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
    double checked = started = seconds();
    long offered = 0;
    if (options.rate <= 0) {
        for (int i = 0; i < options.window; i++) launch(&slots[i], started);
        flush();
    }
    while (finished < options.count) {
        double now = seconds();
        for (; options.rate > 0 && offered < options.count && due(offered) <= now; offered++) {
            slot_t *slot = &slots[packets[offered].slot];
            if (slot->current < 0) launch(slot, now);
            else seen.late += slot->current != offered;
        }
        flush();
        struct timespec wait = {0, (long)(patience(offered) * 1e9)};
        int ready = epoll_pwait2(poll, events, 64, &wait, NULL);
        for (int i = 0; i < ready; i++) receive((int)events[i].data.u32);
        if ((now = seconds()) - checked > 0.05) retransmit(checked = now);
    }
    return seconds() - started;
}

/* ---- The command ---- */

static int ascending(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}
static double percentile(double part) {
    return seen.replies ? latencies[(long)((double)(seen.replies - 1) * part)] : 0;
}

static int report(double elapsed) {
    long wrong = seen.lost + seen.bad_auth + seen.wrong_code + seen.missing + seen.bad_proof +
                 (options.reply_ma ? seen.unsigned_ : 0);
    qsort(latencies, (size_t)seen.replies, sizeof *latencies, ascending);
    printf("{\"mode\": \"%s\", \"count\": %ld, \"window\": %d, \"offered\": %.0f, \"seconds\": %.4f, \"rate\": %.1f, ",
           mode_names[options.mode], options.count, options.window, options.rate, elapsed,
           (double)seen.replies / elapsed);
    printf("\"p50_us\": %.0f, \"p90_us\": %.0f, \"p99_us\": %.0f, \"max_us\": %.0f, ", percentile(.5), percentile(.9),
           percentile(.99), percentile(1));
    printf("\"accepts\": %ld, \"rejects\": %ld, \"wrong_code\": %ld, \"bad_auth\": %ld, \"bad_proof\": %ld, "
           "\"missing\": %ld, \"unsigned\": %ld, ",
           seen.accepts, seen.rejects, seen.wrong_code, seen.bad_auth, seen.bad_proof, seen.missing, seen.unsigned_);
    printf("\"lost\": %ld, \"retransmitted\": %ld, \"duplicates\": %ld, \"stray\": %ld, \"late\": %ld, "
           "\"mean_octets\": %.1f, ",
           seen.lost, seen.retransmitted, seen.duplicates, seen.stray, seen.late,
           seen.replies ? (double)seen.octets / (double)seen.replies : 0);
    if (options.mode >= START)
        printf("\"sessions\": %ld, \"sum_in\": %llu, \"sum_out\": %llu, ", options.sessions,
               (unsigned long long)seen.sum_in, (unsigned long long)seen.sum_out);
    printf("\"pass\": %s}\n", wrong ? "false" : "true");
    return wrong != 0;
}

static void require(char *list) {
    for (char *one = strtok(list, ","); one && options.required_count < MOST_REQUIRED; one = strtok(NULL, ",")) {
        char *dot = strchr(one, '.');
        options.required[options.required_count].vendor = dot ? atoi(one) : 0;
        options.required[options.required_count++].type = atoi(dot ? dot + 1 : one);
    }
}

static enum mode mode_named(const char *name) {
    enum mode mode = PAP;
    while (mode < MODES && strcmp(name, mode_names[mode])) mode++;
    return mode;
}

static void set_option(int letter, char *value) {
    switch (letter) {
        case 'u': options.users = value; break;
        case 'h': options.host = value; break;
        case 'S': options.secret = value; break;
        case 'a': options.nas_ip = value; break;
        case 'm': options.mode = mode_named(value); break;
        case 'p': options.port = atoi(value); break;
        case 'c': options.count = atol(value); break;
        case 'n': options.sessions = atol(value); break;
        case 'i': options.interims = atoi(value); break;
        case 'b': options.began = atol(value); break;
        case 'w': options.window = atoi(value); break;
        case 'k': options.sockets = atoi(value); break;
        case 'r': options.rate = atof(value); break;
        case 's': options.seed = strtoull(value, NULL, 10); break;
        case 'B': options.bad = atof(value); break;
        case 'U': options.unknown = atof(value); break;
        case 'd': options.dup = atof(value); break;
        case 't': options.timeout = atoi(value); break;
        case 'T': options.tries = atoi(value); break;
        case 'q': require(value); break;
        case 'R': options.reply_ma = 1; break;
        default: exit(2);
    }
}

static void read_options(int count, char **arguments) {
    static const struct option known[] = {
        {"users", 1, 0, 'u'}, {"host", 1, 0, 'h'}, {"secret", 1, 0, 'S'}, {"nas-ip", 1, 0, 'a'}, {"mode", 1, 0, 'm'},
        {"port", 1, 0, 'p'}, {"count", 1, 0, 'c'}, {"sessions", 1, 0, 'n'}, {"interims", 1, 0, 'i'},
        {"began", 1, 0, 'b'}, {"window", 1, 0, 'w'}, {"sockets", 1, 0, 'k'}, {"rate", 1, 0, 'r'}, {"seed", 1, 0, 's'},
        {"bad", 1, 0, 'B'}, {"unknown", 1, 0, 'U'}, {"dup", 1, 0, 'd'}, {"timeout", 1, 0, 't'}, {"tries", 1, 0, 'T'},
        {"require", 1, 0, 'q'}, {"reply-ma", 0, 0, 'R'}, {0}};
    for (int letter; (letter = getopt_long(count, arguments, "", known, NULL)) != -1;) set_option(letter, optarg);
    if (!options.users || options.mode == MODES || options.count < 1 || options.window < 1 ||
        options.sockets < 1) {
        fprintf(stderr, "--users and a --mode of pap, chap, mschapv2, start, interim, stop, life are needed;"
                        " all options are explained at the head of loadgen.c\n");
        exit(2);
    }
    if (options.sockets > options.window) options.sockets = options.window;
    if (options.sockets * 128 < options.window) options.sockets = (options.window + 127) / 128;
    options.window -= options.window % options.sockets;
    per_socket = options.window / options.sockets;
    if (options.mode == LIFE) {
        options.count -= options.count % (options.interims + 2);
        options.sessions = options.count / (options.interims + 2);
    }
    if (!options.sessions) options.sessions = options.count;
    if (!options.began) options.began = time(NULL) - 3600;
}

int main(int count, char **arguments) {
    read_options(count, arguments);
    load_users();
    hmac_key(&key, options.secret, strlen(options.secret));
    prepare_all();
    return report(exchange());
}
