/* MD4, MD5, SHA-1, HMAC-MD5 and DES: what RADIUS and MS-CHAPv2 are made of. Here so that the load
 * generator needs no library, whose newer versions refuse these algorithms anyway. Little-endian machines. */
#ifndef DIGESTS_H
#define DIGESTS_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define ROTATE(x, n) (((x) << (n)) | ((x) >> (32 - (n))))

/* ---- The three digests share their padding and differ in the block function and the byte order. ---- */

typedef struct {
    u32 state[5];
    u64 length;
    u8 block[64];
    void (*compress)(u32 *state, const u8 *block);
    int big_endian, words;
} digest_t;

static u32 md5_constants[64];

static void md5_compress(u32 *state, const u8 *block) {
    static const u8 shifts[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
    u32 m[16], a = state[0], b = state[1], c = state[2], d = state[3];
    memcpy(m, block, 64);
    if (!md5_constants[0]) /* RFC 1321 section 3.4 */
        for (int i = 0; i < 64; i++) md5_constants[i] = (u32)(fabs(sin(i + 1)) * 4294967296.0);
#define MD5_STEP(function, index, i) { \
        u32 f = (function) + a + md5_constants[i] + m[(index) & 15]; \
        a = d; d = c; c = b; b += ROTATE(f, shifts[(i) >> 4][(i) & 3]); }
    for (int i = 0; i < 16; i++) MD5_STEP((b & c) | (~b & d), i, i)
    for (int i = 16; i < 32; i++) MD5_STEP((d & b) | (~d & c), 5 * i + 1, i)
    for (int i = 32; i < 48; i++) MD5_STEP(b ^ c ^ d, 3 * i + 5, i)
    for (int i = 48; i < 64; i++) MD5_STEP(c ^ (b | ~d), 7 * i, i)
    state[0] += a; state[1] += b; state[2] += c; state[3] += d;
}

static void md4_compress(u32 *state, const u8 *block) {
    static const u8 shifts[3][4] = {{3, 7, 11, 19}, {3, 5, 9, 13}, {3, 9, 11, 15}};
    static const u8 last[16] = {0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15};
    u32 m[16], a = state[0], b = state[1], c = state[2], d = state[3];
    memcpy(m, block, 64);
#define MD4_STEP(function, constant, index, i) { \
        u32 f = (function) + a + (constant) + m[index]; \
        a = d; d = c; c = b; b = ROTATE(f, shifts[(i) >> 4][(i) & 3]); }
    for (int i = 0; i < 16; i++) MD4_STEP((b & c) | (~b & d), 0, i, i)
    for (int i = 16; i < 32; i++) MD4_STEP((b & c) | (b & d) | (c & d), 0x5a827999, (i % 4) * 4 + (i - 16) / 4, i)
    for (int i = 32; i < 48; i++) MD4_STEP(b ^ c ^ d, 0x6ed9eba1, last[i - 32], i)
    state[0] += a; state[1] += b; state[2] += c; state[3] += d;
}

static void sha1_compress(u32 *state, const u8 *block) {
    u32 w[80], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    memcpy(w, block, 64);
    for (int i = 0; i < 16; i++) w[i] = __builtin_bswap32(w[i]);
    for (int i = 16; i < 80; i++) w[i] = ROTATE(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    for (int i = 0; i < 80; i++) {
        u32 f = i < 20 ? ((b & c) | (~b & d)) + 0x5a827999
              : i < 40 ? (b ^ c ^ d) + 0x6ed9eba1
              : i < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
                       : (b ^ c ^ d) + 0xca62c1d6;
        u32 next = ROTATE(a, 5) + f + e + w[i];
        e = d; d = c; c = ROTATE(b, 30); b = a; a = next;
    }
    state[0] += a; state[1] += b; state[2] += c; state[3] += d; state[4] += e;
}

static void digest_start(digest_t *d, void (*compress)(u32 *, const u8 *)) {
    static const u32 initial[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    memcpy(d->state, initial, sizeof initial);
    d->length = 0;
    d->compress = compress;
    d->big_endian = compress == sha1_compress;
    d->words = d->big_endian ? 5 : 4;
}

static void digest_add(digest_t *d, const void *data, size_t length) {
    const u8 *from = data;
    size_t held = d->length & 63;
    d->length += length;
    if (held) {
        size_t part = length < 64 - held ? length : 64 - held;
        memcpy(d->block + held, from, part);
        from += part;
        length -= part;
        if (held + part < 64) return;
        d->compress(d->state, d->block);
    }
    for (; length >= 64; from += 64, length -= 64) d->compress(d->state, from);
    memcpy(d->block, from, length);
}

static void digest_end(digest_t *d, u8 *out) {
    static const u8 padding[64] = {0x80};
    u64 bits = d->length * 8;
    if (d->big_endian) bits = __builtin_bswap64(bits);
    digest_add(d, padding, 1 + ((119 - (d->length & 63)) & 63));
    digest_add(d, &bits, 8);
    for (int i = 0; i < d->words; i++) {
        u32 word = d->big_endian ? __builtin_bswap32(d->state[i]) : d->state[i];
        memcpy(out + 4 * i, &word, 4);
    }
}

/* Of three pieces joined. */
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

/* ---- HMAC-MD5 (RFC 2104) with the key's two blocks hashed once. ---- */

typedef struct { digest_t inner, outer; } hmac_t;

static void hmac_key(hmac_t *h, const void *key, size_t length) {
    u8 block[64] = {0}, padded[64];
    if (length > 64) {
        digest_t d;
        digest_start(&d, md5_compress);
        digest_add(&d, key, length);
        digest_end(&d, block);
    } else {
        memcpy(block, key, length);
    }
    for (int i = 0; i < 64; i++) padded[i] = block[i] ^ 0x36;
    digest_start(&h->inner, md5_compress);
    digest_add(&h->inner, padded, 64);
    for (int i = 0; i < 64; i++) padded[i] = block[i] ^ 0x5c;
    digest_start(&h->outer, md5_compress);
    digest_add(&h->outer, padded, 64);
}

static void hmac_md5(const hmac_t *h, const void *data, size_t length, u8 *out) {
    digest_t d = h->inner;
    u8 inner[16];
    digest_add(&d, data, length);
    digest_end(&d, inner);
    d = h->outer;
    digest_add(&d, inner, 16);
    digest_end(&d, out);
}

/* ---- DES (FIPS 46-3), one block, bit by bit: only requests are made with it, before the clock starts. ---- */

static const u8 DES_INITIAL[64] = {
    58, 50, 42, 34, 26, 18, 10, 2, 60, 52, 44, 36, 28, 20, 12, 4, 62, 54, 46, 38, 30, 22, 14, 6, 64, 56, 48, 40, 32,
    24, 16, 8, 57, 49, 41, 33, 25, 17, 9, 1, 59, 51, 43, 35, 27, 19, 11, 3, 61, 53, 45, 37, 29, 21, 13, 5, 63, 55,
    47, 39, 31, 23, 15, 7};
static const u8 DES_FINAL[64] = {
    40, 8, 48, 16, 56, 24, 64, 32, 39, 7, 47, 15, 55, 23, 63, 31, 38, 6, 46, 14, 54, 22, 62, 30, 37, 5, 45, 13, 53,
    21, 61, 29, 36, 4, 44, 12, 52, 20, 60, 28, 35, 3, 43, 11, 51, 19, 59, 27, 34, 2, 42, 10, 50, 18, 58, 26, 33, 1,
    41, 9, 49, 17, 57, 25};
static const u8 DES_EXPAND[48] = {
    32, 1, 2, 3, 4, 5, 4, 5, 6, 7, 8, 9, 8, 9, 10, 11, 12, 13, 12, 13, 14, 15, 16, 17, 16, 17, 18, 19, 20, 21, 20,
    21, 22, 23, 24, 25, 24, 25, 26, 27, 28, 29, 28, 29, 30, 31, 32, 1};
static const u8 DES_SPREAD[32] = {16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10,
                                  2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22, 11, 4, 25};
static const u8 DES_KEY_CHOICE[56] = {
    57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36,
    63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4};
static const u8 DES_ROUND_KEY[48] = {
    14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2, 41, 52, 31, 37, 47, 55,
    30, 40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32};
static const u8 DES_BOXES[8][64] = {
    {14, 4, 13, 1, 2, 15, 11, 8, 3, 10, 6, 12, 5, 9, 0, 7, 0, 15, 7, 4, 14, 2, 13, 1, 10, 6, 12, 11, 9, 5, 3, 8,
     4, 1, 14, 8, 13, 6, 2, 11, 15, 12, 9, 7, 3, 10, 5, 0, 15, 12, 8, 2, 4, 9, 1, 7, 5, 11, 3, 14, 10, 0, 6, 13},
    {15, 1, 8, 14, 6, 11, 3, 4, 9, 7, 2, 13, 12, 0, 5, 10, 3, 13, 4, 7, 15, 2, 8, 14, 12, 0, 1, 10, 6, 9, 11, 5,
     0, 14, 7, 11, 10, 4, 13, 1, 5, 8, 12, 6, 9, 3, 2, 15, 13, 8, 10, 1, 3, 15, 4, 2, 11, 6, 7, 12, 0, 5, 14, 9},
    {10, 0, 9, 14, 6, 3, 15, 5, 1, 13, 12, 7, 11, 4, 2, 8, 13, 7, 0, 9, 3, 4, 6, 10, 2, 8, 5, 14, 12, 11, 15, 1,
     13, 6, 4, 9, 8, 15, 3, 0, 11, 1, 2, 12, 5, 10, 14, 7, 1, 10, 13, 0, 6, 9, 8, 7, 4, 15, 14, 3, 11, 5, 2, 12},
    {7, 13, 14, 3, 0, 6, 9, 10, 1, 2, 8, 5, 11, 12, 4, 15, 13, 8, 11, 5, 6, 15, 0, 3, 4, 7, 2, 12, 1, 10, 14, 9,
     10, 6, 9, 0, 12, 11, 7, 13, 15, 1, 3, 14, 5, 2, 8, 4, 3, 15, 0, 6, 10, 1, 13, 8, 9, 4, 5, 11, 12, 7, 2, 14},
    {2, 12, 4, 1, 7, 10, 11, 6, 8, 5, 3, 15, 13, 0, 14, 9, 14, 11, 2, 12, 4, 7, 13, 1, 5, 0, 15, 10, 3, 9, 8, 6,
     4, 2, 1, 11, 10, 13, 7, 8, 15, 9, 12, 5, 6, 3, 0, 14, 11, 8, 12, 7, 1, 14, 2, 13, 6, 15, 0, 9, 10, 4, 5, 3},
    {12, 1, 10, 15, 9, 2, 6, 8, 0, 13, 3, 4, 14, 7, 5, 11, 10, 15, 4, 2, 7, 12, 9, 5, 6, 1, 13, 14, 0, 11, 3, 8,
     9, 14, 15, 5, 2, 8, 12, 3, 7, 0, 4, 10, 1, 13, 11, 6, 4, 3, 2, 12, 9, 5, 15, 10, 11, 14, 1, 7, 6, 0, 8, 13},
    {4, 11, 2, 14, 15, 0, 8, 13, 3, 12, 9, 7, 5, 10, 6, 1, 13, 0, 11, 7, 4, 9, 1, 10, 14, 3, 5, 12, 2, 15, 8, 6,
     1, 4, 11, 13, 12, 3, 7, 14, 10, 15, 6, 8, 0, 5, 9, 2, 6, 11, 13, 8, 1, 4, 10, 7, 9, 5, 0, 15, 14, 2, 3, 12},
    {13, 2, 8, 4, 6, 15, 11, 1, 10, 9, 3, 14, 5, 0, 12, 7, 1, 15, 13, 8, 10, 3, 7, 4, 12, 5, 6, 11, 0, 14, 9, 2,
     7, 11, 4, 1, 9, 12, 14, 2, 0, 6, 10, 13, 15, 3, 5, 8, 2, 1, 14, 7, 4, 10, 8, 13, 15, 12, 9, 0, 3, 5, 6, 11}};

static u64 des_permute(u64 value, int bits, const u8 *table, int size) {
    u64 out = 0;
    for (int i = 0; i < size; i++) out = out << 1 | ((value >> (bits - table[i])) & 1);
    return out;
}

static u32 des_mix(u32 half, u64 round_key) {
    u64 wide = des_permute(half, 32, DES_EXPAND, 48) ^ round_key;
    u32 mixed = 0;
    for (int box = 0; box < 8; box++) {
        int six = (wide >> (42 - 6 * box)) & 63;
        mixed = mixed << 4 | DES_BOXES[box][(six & 32) | (six & 1) << 4 | ((six >> 1) & 15)];
    }
    return (u32)des_permute(mixed, 32, DES_SPREAD, 32);
}

/* Encrypt 8 octets under 56 bits of key, given as 7 octets without parity (RFC 2759 section 8.6). */
static void des(const u8 *seven, const u8 *clear, u8 *out) {
    static const u8 shifts[16] = {1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1};
    u64 bits = 0, key = 0, block = 0;
    for (int i = 0; i < 7; i++) bits = bits << 8 | seven[i];
    for (int i = 0; i < 8; i++) key = key << 8 | ((bits >> (49 - 7 * i)) & 127) << 1;
    for (int i = 0; i < 8; i++) block = block << 8 | clear[i];
    u64 chosen = des_permute(key, 64, DES_KEY_CHOICE, 56), mask = (1u << 28) - 1;
    u64 c = chosen >> 28, d = chosen & mask;
    block = des_permute(block, 64, DES_INITIAL, 64);
    u32 left = (u32)(block >> 32), right = (u32)block;
    for (int i = 0; i < 16; i++) {
        c = (c << shifts[i] | c >> (28 - shifts[i])) & mask;
        d = (d << shifts[i] | d >> (28 - shifts[i])) & mask;
        u32 next = left ^ des_mix(right, des_permute(c << 28 | d, 56, DES_ROUND_KEY, 48));
        left = right;
        right = next;
    }
    block = des_permute((u64)right << 32 | left, 64, DES_FINAL, 64);
    for (int i = 0; i < 8; i++) out[i] = (u8)(block >> (56 - 8 * i));
}

#endif
