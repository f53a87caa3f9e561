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
 *   --spread 1            life: how many sessions take turns, so that a session's packets are that many apart
 *   --walk                users one after the other instead of at random: --count of all users reaches each of them
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
 *   --limit 0             seconds after which everything unanswered counts as lost; 0: none
 *   --require LIST        attributes every Access-Accept must carry: "27,14988.8" (type, or vendor.type)
 *   --reply-ma            every reply to an Access-Request must carry Message-Authenticator
 *
 * All requests are encoded before the clock starts. Of every reply the code, identifier and Response Authenticator are
 * checked, and Message-Authenticator where present; of an MS-CHAPv2 Accept also the authenticator response
 * (RFC 2759 section 8.7) and both MPPE keys, decrypted (RFC 2548 section 2.4). "started" goes to stderr when the clock
 * starts. One JSON object is printed; `sum_` is what all sessions end with, `acked_` the highest counters that were
 * acknowledged. The exit status is 0 when nothing was lost or wrong, 1 when something was, 2 for a mistake in the
 * command. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load.h"
#include "replies.h"
#include "requests.h"

/* ---- Preparing ---- */

/* Encode packet `number` into `to` and queue it in its slot. Slots of a socket never share an identifier. */
static u16 prepare(long number, u8 *to) {
    int life = options.interims + 2, step = (int)(number / options.spread % life);
    packet_t *p = &packets[number];
    long session = number % options.sessions;
    if (options.mode == LIFE)
        session = number / (life * options.spread) * options.spread + number % options.spread;
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
        p->session = session;
        p->length = encode_accounting(to, session, kind, round, identifier, p->counters);
        if (is_last) seen.sum_in += p->counters[0], seen.sum_out += p->counters[1];
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
    acknowledged = calloc((size_t)options.sessions, sizeof *acknowledged);
    u8 *to = malloc((size_t)options.count * 700); /* pages never written cost nothing */
    if (!packets || !slots || !latencies || !acknowledged || !to) die("memory");
    for (int i = 0; i < options.window; i++) slots[i].current = slots[i].next = slots[i].last = -1;
    random_state = options.seed * 77777;
    for (long i = 0; i < options.count; i++) to += prepare(i, to);
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
    fputs("started\n", stderr);
    double checked = started = seconds();
    long offered = 0;
    if (options.rate <= 0) {
        for (int i = 0; i < options.window; i++) launch(&slots[i], started);
        flush();
    }
    while (finished < options.count) {
        double now = seconds();
        if (options.limit > 0 && now - started > options.limit) {
            seen.lost += options.count - finished;
            break;
        }
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

static void report_counters(void) {
    long sessions = 0;
    u64 in = 0, out = 0;
    for (long i = 0; i < options.sessions; i++) {
        sessions += acknowledged[i].seen;
        in += acknowledged[i].in;
        out += acknowledged[i].out;
    }
    printf("\"sessions\": %ld, \"sum_in\": %llu, \"sum_out\": %llu, ", options.sessions,
           (unsigned long long)seen.sum_in, (unsigned long long)seen.sum_out);
    printf("\"acked_sessions\": %ld, \"acked_in\": %llu, \"acked_out\": %llu, ", sessions, (unsigned long long)in,
           (unsigned long long)out);
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
    if (options.mode >= START) report_counters();
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
        case 'P': options.spread = atol(value); break;
        case 'W': options.walk = 1; break;
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
        case 'l': options.limit = atof(value); break;
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
        {"require", 1, 0, 'q'}, {"reply-ma", 0, 0, 'R'}, {"spread", 1, 0, 'P'},
        {"walk", 0, 0, 'W'}, {"limit", 1, 0, 'l'}, {0}};
    for (int letter; (letter = getopt_long(count, arguments, "", known, NULL)) != -1;) set_option(letter, optarg);
    if (!options.users || options.mode == MODES || options.count < 1 || options.window < 1 ||
        options.sockets < 1 || options.spread < 1) {
        fprintf(stderr, "--users and a --mode of pap, chap, mschapv2, start, interim, stop, life are needed;"
                        " all options are explained at the head of loadgen.c\n");
        exit(2);
    }
    if (options.sockets > options.window) options.sockets = options.window;
    if (options.sockets * 128 < options.window) options.sockets = (options.window + 127) / 128;
    options.window -= options.window % options.sockets;
    per_socket = options.window / options.sockets;
    if (options.mode == LIFE) {
        long life = options.interims + 2, most = options.count / life;
        if (options.spread > most) options.spread = most < 1 ? 1 : most;
        options.count -= options.count % (life * options.spread);
        options.sessions = options.count / life;
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
