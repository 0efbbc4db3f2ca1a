/* A checksum of bytes, several times as fast as those of Python's library: an import waits for it.

   It is to notice damage, and nothing else. Each step can be undone, for a given word as for a given lane: so one word that
   is another one is always noticed. */
#include "native.h"

#define FIRST 0x9E3779B185EBCA87ULL
#define SECOND 0xC2B2AE3D27D4EB4FULL
enum { LANES = 4 };

static inline uint64_t mixed(uint64_t lane, uint64_t word)
{
    lane ^= word;
    return (lane << 31 | lane >> 33) * FIRST;
}

static uint64_t digest_of(const unsigned char *bytes, size_t size, uint64_t seed)
{
    uint64_t lanes[LANES] = {seed + FIRST + SECOND, seed + SECOND, seed, seed - FIRST}, words[LANES];
    size_t left = size;
    for (; left >= sizeof words; left -= sizeof words, bytes += sizeof words) {
        memcpy(words, bytes, sizeof words);
        for (int i = 0; i < LANES; i++) lanes[i] = mixed(lanes[i], words[i]);
    }
    memset(words, 0, sizeof words);
    memcpy(words, bytes, left);
    uint64_t found = seed ^ size;
    for (int i = 0; i < LANES; i++) found = mixed(found, mixed(lanes[i], words[i]));
    return found ^ found >> 29;
}

/* `digest(*parts)`: the checksum of some bytes-like objects, as a number. */
PyObject *digest(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    uint64_t found = 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        Py_buffer part;
        if (PyObject_GetBuffer(args[i], &part, PyBUF_SIMPLE) < 0) return NULL;
        found = digest_of(part.buf, (size_t)part.len, found);
        PyBuffer_Release(&part);
    }
    return PyLong_FromUnsignedLongLong(found);
}
