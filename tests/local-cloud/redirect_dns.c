/* Leads what is sent to port 53 on loopback to the port LAB_DNS_PORT, and lets what comes from there come from port 53.
 *
 * For LD_PRELOAD. Unbound asks the servers of a referral at port 53 and knows no setting for another, and port 53 is not
 * for everybody to listen at. Built by set-up.sh.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

#define NEXT(name) \
  static __typeof__(&name) next; \
  if (!next) next = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static in_port_t lab_port(void) {
  const char *text = getenv("LAB_DNS_PORT");
  return htons((in_port_t)(text ? atoi(text) : 53));
}

static int is_loopback(const struct sockaddr_in *address) {
  return address->sin_family == AF_INET && (ntohl(address->sin_addr.s_addr) >> 24) == 127;
}

/* `to`, or what `copy` then has in its place. */
static const struct sockaddr *outward(const struct sockaddr *to, socklen_t length, struct sockaddr_in *copy) {
  if (!to || length < sizeof *copy || to->sa_family != AF_INET) return to;
  memcpy(copy, to, sizeof *copy);
  if (!is_loopback(copy) || copy->sin_port != htons(53)) return to;
  copy->sin_port = lab_port();
  return (const struct sockaddr *)copy;
}

int connect(int socket, const struct sockaddr *to, socklen_t length) {
  struct sockaddr_in copy;
  NEXT(connect);
  return next(socket, outward(to, length, &copy), length);
}

ssize_t sendto(int socket, const void *octets, size_t count, int flags, const struct sockaddr *to, socklen_t length) {
  struct sockaddr_in copy;
  NEXT(sendto);
  return next(socket, octets, count, flags, outward(to, length, &copy), length);
}

/* With TCP Fast Open the first octets come with the address. */
ssize_t sendmsg(int socket, const struct msghdr *message, int flags) {
  struct msghdr changed = *message;
  struct sockaddr_in copy;
  NEXT(sendmsg);
  changed.msg_name = (void *)outward(message->msg_name, message->msg_namelen, &copy);
  return next(socket, &changed, flags);
}

ssize_t recvfrom(int socket, void *octets, size_t room, int flags, struct sockaddr *from, socklen_t *length) {
  ssize_t received;
  NEXT(recvfrom);
  received = next(socket, octets, room, flags, from, length);
  if (received >= 0 && from && length && *length >= sizeof(struct sockaddr_in)) {
    struct sockaddr_in *address = (struct sockaddr_in *)from;
    if (is_loopback(address) && address->sin_port == lab_port()) address->sin_port = htons(53);
  }
  return received;
}
