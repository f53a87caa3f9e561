/* Requests as a NAS makes them, and what the server will have to prove about MS-CHAPv2 ones. */
#ifndef REQUESTS_H
#define REQUESTS_H

#include <arpa/inet.h>

#include "load.h"

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
    /* The device of a line goes by the number in its name, so that history in the tables can tell it too. */
    const char *digits = users[user].name + strcspn(users[user].name, "0123456789");
    unsigned long device = strtoul(digits, NULL, 10);
    char calling[24];
    u32 nas;
    inet_pton(AF_INET, options.nas_ip, &nas);
    snprintf(calling, sizeof calling, "02:00:%02lX:%02lX:%02lX:01", (device >> 16) & 255, (device >> 8) & 255, device & 255);
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
    long user = options.walk ? number % user_count : (long)(random_next() % (u64)user_count);
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
static u16 encode_accounting(u8 *packet, long session, enum mode kind, long round, int identifier, u64 *counters) {
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
    counters[0] = in, counters[1] = out;
    u16 length = finish(packet, end, ACCOUNTING_REQUEST, identifier);
    u8 digest[16];
    memset(packet + 4, 0, 16);
    md5_of(digest, packet, length, options.secret, strlen(options.secret), "", 0);
    memcpy(packet + 4, digest, 16);
    return length;
}

#endif
