#include "io/udp_batch.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "intercom/error.h"
#include "intercom/sys/mem.h"
#include "io/sockaddr.h"

#ifdef __linux__
#include <netinet/udp.h>
#endif
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

#define MOST_SEGMENTS 64
#define MOST_GLUED 65000 /* of the 65507 bytes that a UDP datagram may have */
#define GLUED_BYTES ((size_t)65536)
#define IN_MESSAGES 64
#define IN_BYTES (IN_MESSAGES * GLUED_BYTES) /* mostly untouched, and then not there */
#define CACHED_BYTES ((size_t)512 * 1024)    /* read before they are looked at */

/* Room for a segment size, 16 bit (sent) or int (received), and an address of ours. */
#ifdef IP_PKTINFO
#define ADDRESS_SPACE CMSG_SPACE(sizeof(struct in_pktinfo))
#else
#define ADDRESS_SPACE 0
#endif
typedef union control {
    char bytes[CMSG_SPACE(sizeof(int)) + ADDRESS_SPACE];
    size_t align;
} control;

int ic__udp_batch_init(ic__udp_batch *b)
{
    *b = (ic__udp_batch){.bytes = ic_mem_alloc(IC__UDP_BATCH_BYTES)};
    return b->bytes ? 0 : IC_ERR_NOMEM;
}

void ic__udp_batch_free(ic__udp_batch *b)
{
    ic_mem_free(b->bytes);
    b->bytes = NULL;
}

uint8_t *ic__udp_batch_room(ic__udp_batch *b)
{
    if (b->count == IC__UDP_BATCH_MESSAGES ||
        IC__UDP_BATCH_BYTES - b->used < IC__UDP_MOST_BYTES)
        return NULL;
    return b->bytes + b->used;
}

static bool can_follow(const ic__udp_out *last, const void *owner,
                       const struct sockaddr_storage *to, socklen_t to_len, size_t len)
{
    return !last->closed && last->owner == owner && last->count < MOST_SEGMENTS &&
           len <= last->segment && last->len + len <= MOST_GLUED &&
           last->to_len == to_len && memcmp(&last->to, to, to_len) == 0;
}

void ic__udp_batch_add(ic__udp_batch *b, void *owner, const struct sockaddr_storage *to,
                       socklen_t to_len, size_t len, bool glue)
{
    ic__udp_out *last = b->count ? &b->out[b->count - 1] : NULL;

    if (last && glue && len && can_follow(last, owner, to, to_len, len)) {
        last->len += len;
        last->count++;
        last->closed = len < last->segment;
    } else {
        b->out[b->count++] = (ic__udp_out){.owner = owner,
                                           .to = *to,
                                           .to_len = to_len,
                                           .offset = b->used,
                                           .len = len,
                                           .segment = (uint16_t)len,
                                           .count = 1,
                                           .closed = !glue || !len};
    }
    b->used += len;
}

void ic__udp_batch_leave_from(ic__udp_batch *b, const uint8_t source[4])
{
    ic__udp_out *last = &b->out[b->count - 1];

    last->has_source = true;
    memcpy(last->source, source, sizeof last->source);
}

/* The kernel takes pointers to things that it will only read. */
static void *unconst(const void *p)
{
    union {
        const void *in;
        void *out;
    } both = {.in = p};
    return both.out;
}

static void add_control(struct msghdr *msg, control *ctl, int level, int type,
                        const void *data, size_t len)
{
    struct cmsghdr *head = (struct cmsghdr *)(void *)(ctl->bytes + msg->msg_controllen);

    msg->msg_control = ctl->bytes;
    msg->msg_controllen += CMSG_SPACE(len);
    head->cmsg_level = level;
    head->cmsg_type = type;
    head->cmsg_len = CMSG_LEN(len);
    memcpy(CMSG_DATA(head), data, len);
}

static void add_source(struct msghdr *msg, control *ctl, const ic__udp_out *out)
{
#ifdef IP_PKTINFO
    struct in_pktinfo info = {.ipi_ifindex = 0};

    if (!out->has_source)
        return;
    memcpy(&info.ipi_spec_dst, out->source, sizeof info.ipi_spec_dst);
    add_control(msg, ctl, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
#else
    (void)msg;
    (void)ctl;
    (void)out;
#endif
}

static void describe(const ic__udp_batch *b, const ic__udp_out *out, struct iovec *iov,
                     struct msghdr *msg, control *ctl)
{
    *iov = (struct iovec){.iov_base = b->bytes + out->offset, .iov_len = out->len};
    *msg = (struct msghdr){.msg_name = unconst(&out->to),
                           .msg_namelen = out->to_len,
                           .msg_iov = iov,
                           .msg_iovlen = 1};
    if (out->count >= 2)
        add_control(msg, ctl, IPPROTO_UDP, UDP_SEGMENT, &out->segment,
                    sizeof out->segment);
    add_source(msg, ctl, out);
}

bool ic__udp_is_full(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS;
}

/* Cut a message ourselves; false when the socket is full before its first datagram.
 * Later ones are then dropped, as a full queue on the way would. */
static bool send_pieces(const ic__udp_batch *b, int fd, const ic__udp_out *out,
                        ic__udp_counts *counts)
{
    const struct sockaddr *to = (const struct sockaddr *)(const void *)&out->to;

    for (size_t at = 0; at < out->len || at == 0; at += out->segment) {
        size_t left = out->len - at;
        size_t len = left < out->segment ? left : out->segment;
        counts->calls++;
        if (sendto(fd, b->bytes + out->offset + at, len, 0, to, out->to_len) < 0) {
            if (ic__udp_is_full(errno) && at == 0)
                return false;
            counts->failed++;
        } else {
            counts->datagrams++;
        }
        if (!out->segment)
            break;
    }
    return true;
}

#ifdef __linux__

/* As many messages as one call takes; negative errno when the first one failed. */
static int send_some(const ic__udp_batch *b, int fd, size_t from, size_t end,
                     ic__udp_counts *counts)
{
    struct mmsghdr msgs[IC__UDP_BATCH_MESSAGES];
    struct iovec iov[IC__UDP_BATCH_MESSAGES];
    control ctl[IC__UDP_BATCH_MESSAGES];
    size_t n = end - from;

    memset(ctl, 0, n * sizeof ctl[0]);
    for (size_t i = 0; i < n; i++)
        describe(b, &b->out[from + i], &iov[i], &msgs[i].msg_hdr, &ctl[i]);
    counts->calls++;
    int sent = sendmmsg(fd, msgs, (unsigned)n, 0);
    for (int i = 0; i < sent; i++)
        counts->datagrams += b->out[from + (size_t)i].count;
    return sent < 0 ? -errno : sent;
}

bool ic__udp_batch_send(const ic__udp_batch *b, int fd, size_t *from, size_t end,
                        bool *gso, ic__udp_counts *counts)
{
    while (*from < end) {
        const ic__udp_out *first = &b->out[*from];
        int sent = send_some(b, fd, *from, end, counts);
        if (sent > 0) {
            *from += (size_t)sent;
            continue;
        }
        if (ic__udp_is_full(-sent))
            return false;
        if (first->count > 1 || first->has_source) {
            /* The address may be gone; EIO: the device can't; EINVAL, EMSGSIZE: this size
             * is too large for it. */
            if (first->count > 1)
                *gso = *gso && sent != -EIO && sent != -EOPNOTSUPP;
            if (!send_pieces(b, fd, first, counts))
                return false;
        } else {
            counts->failed++;
        }
        ++*from;
    }
    return true;
}

#else

bool ic__udp_batch_send(const ic__udp_batch *b, int fd, size_t *from, size_t end,
                        bool *gso, ic__udp_counts *counts)
{
    (void)gso;
    for (; *from < end; ++*from) {
        if (!send_pieces(b, fd, &b->out[*from], counts))
            return false;
    }
    return true;
}

#endif

void ic__udp_ask_address(int fd)
{
#ifdef IP_PKTINFO
    int on = 1;
    (void)setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on); /* or do without */
#else
    (void)fd;
#endif
}

int ic__udp_in_init(ic__udp_in *in)
{
    *in = (ic__udp_in){.bytes = ic_mem_alloc(IN_BYTES), .glued = IN_MESSAGES};
    return in->bytes ? 0 : IC_ERR_NOMEM;
}

void ic__udp_in_free(ic__udp_in *in)
{
    ic_mem_free(in->bytes);
    in->bytes = NULL;
}

static ic__addr address_in(const struct cmsghdr *c)
{
    ic__addr at = {0};

#ifdef IP_PKTINFO
    struct in_pktinfo info;
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
        memcpy(&info, CMSG_DATA(c), sizeof info);
        at.family = 4;
        memcpy(at.ip, &info.ipi_addr, sizeof info.ipi_addr);
    }
#else
    (void)c;
#endif
    return at;
}

/* What the kernel says of a message: into how many bytes to cut it (0 = not at all), and
 * which of our addresses it came to. */
static size_t read_control(ic__udp_in *in, struct msghdr *msg)
{
    size_t segment = 0;

    in->at.family = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        int size = 0;
        if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO)
            memcpy(&size, CMSG_DATA(c), sizeof size);
        if (size > 0)
            segment = (size_t)size;
        if (!in->at.family)
            in->at = address_in(c);
    }
    return segment;
}

static int hand_over(ic__udp_in *in, const uint8_t *data, size_t len, struct msghdr *msg,
                     ic__udp_in_cb take, void *user)
{
    struct sockaddr_storage name;
    size_t segment = read_control(in, msg);
    int count = 0;

    memcpy(&name, msg->msg_name, sizeof name);
    ic__addr from = ic__sockaddr_get(&name);
    if (!segment)
        segment = len;
    if (msg->msg_flags & MSG_TRUNC || segment > IC__UDP_MOST_BYTES) {
        in->truncated++;
        return 1;
    }
    do {
        size_t part = len < segment ? len : segment;
        take(data, part, &from, user);
        data += part;
        len -= part;
        count++;
    } while (len);
    return count;
}

typedef struct in_slot {
    struct sockaddr_storage name;
    struct iovec iov;
    control ctl;
} in_slot;

static void prepare(ic__udp_in *in, size_t i, bool gro, in_slot *slot, struct msghdr *msg)
{
    size_t size = gro ? GLUED_BYTES : IC__UDP_MOST_BYTES;

    slot->iov = (struct iovec){.iov_base = in->bytes + i * size, .iov_len = size};
    *msg = (struct msghdr){.msg_name = &slot->name,
                           .msg_namelen = sizeof slot->name,
                           .msg_iov = &slot->iov,
                           .msg_iovlen = 1,
                           .msg_control = slot->ctl.bytes,
                           .msg_controllen = sizeof slot->ctl.bytes};
}

/* ECONNREFUSED and its like tell about a datagram that we sent: not an error here. */
static int read_error(int error)
{
    if (ic__udp_is_full(error) || error == EINTR || error == ECONNREFUSED ||
        error == EHOSTUNREACH || error == ENETUNREACH)
        return 0;
    return IC_ERR_IO;
}

#ifdef __linux__

/* So many of the length of the last ones stay in the cache until they are read. */
static size_t messages_of(size_t count, size_t bytes)
{
    size_t most = bytes ? CACHED_BYTES * count / bytes : IN_MESSAGES;

    return most > IN_MESSAGES ? IN_MESSAGES : most;
}

int ic__udp_in_read(ic__udp_in *in, int fd, bool gro, size_t most, ic__udp_in_cb take,
                    void *user)
{
    struct mmsghdr msgs[IN_MESSAGES];
    in_slot slots[IN_MESSAGES];
    size_t room = gro ? in->glued : IN_MESSAGES;
    size_t bytes = 0;
    int count = 0;

    if (!most)
        return 0;
    if (most > room)
        most = room;
    for (size_t i = 0; i < most; i++)
        prepare(in, i, gro, &slots[i], &msgs[i].msg_hdr);
    int n = recvmmsg(fd, msgs, (unsigned)most, MSG_DONTWAIT, NULL);
    in->more = n == (int)most;
    if (n < 0)
        return read_error(errno);
    for (int i = 0; i < n; i++) {
        bytes += msgs[i].msg_len;
        /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): n is `most` at most */
        count += hand_over(in, slots[i].iov.iov_base, msgs[i].msg_len, &msgs[i].msg_hdr,
                           take, user);
    }
    if (gro && n > 0)
        in->glued = messages_of((size_t)n, bytes);
    return count;
}

bool ic__udp_enable_gro(int fd)
{
    int on = 1;
    return setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof on) == 0;
}

bool ic__udp_has_gso(int fd)
{
    int none = 0;
    return setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &none, sizeof none) == 0;
}

#else

int ic__udp_in_read(ic__udp_in *in, int fd, bool gro, size_t most, ic__udp_in_cb take,
                    void *user)
{
    struct msghdr msg;
    in_slot slot;

    if (!most)
        return 0;
    prepare(in, 0, gro, &slot, &msg);
    ssize_t n = recvmsg(fd, &msg, MSG_DONTWAIT);
    in->more = n >= 0;
    if (n < 0)
        return read_error(errno);
    return hand_over(in, in->bytes, (size_t)n, &msg, take, user);
}

bool ic__udp_enable_gro(int fd)
{
    (void)fd;
    return false;
}

bool ic__udp_has_gso(int fd)
{
    (void)fd;
    return false;
}

#endif
