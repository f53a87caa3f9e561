/* Replies judged: signatures, codes, attributes, proofs. */
#ifndef REPLIES_H
#define REPLIES_H

#include "load.h"

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
    if (reply[0] == ACCOUNTING_RESPONSE && options.mode >= START) {
        acknowledged_t *one = &acknowledged[p->session];
        one->seen = 1;
        if (p->counters[0] > one->in) one->in = p->counters[0];
        if (p->counters[1] > one->out) one->out = p->counters[1];
    }
    if (reply[0] != ACCEPT) return;
    for (int i = 0; i < options.required_count; i++)
        if (!find(reply, length, options.required[i].vendor, options.required[i].type, &size)) {
            seen.missing++;
            break;
        }
    if (options.mode == MSCHAPV2 && p->expected == ACCEPT) seen.bad_proof += !proven(p, reply, length);
}

#endif
