/* SPDX-License-Identifier: MIT */
/*
 * SCTP by a stack in user space (usrsctp, FreeBSD's), because kernels often have none. One association per question.
 *
 *   sctp serve NAME PORT                    answers with {"pod": NAME, "client": address, "port": port}, until it is killed
 *   sctp ask ADDRESS PORT [SOURCE-PORT]     prints the answer, or {"error": "refused" or "silence"}
 *
 * Needs CAP_NET_RAW: usrsctp sends and receives IP packets itself.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <usrsctp.h>

#define PATIENCE 5 /* seconds */

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static struct sockaddr_in address_of(const char *address, const char *port)
{
	struct sockaddr_in made = { .sin_family = AF_INET, .sin_port = htons(atoi(port)) };

	if (address && inet_pton(AF_INET, address, &made.sin_addr) != 1)
		fail(address);
	return made;
}

/*
 * The address that the kernel would ask this peer from. A host of several addresses would else offer all of them to the peer, and no
 * translation on the way can know that.
 */
static struct sockaddr_in source_towards(const struct sockaddr_in *peer, const char *port)
{
	struct sockaddr_in own = { 0 };
	socklen_t length = sizeof(own);
	int probe = socket(AF_INET, SOCK_DGRAM, 0);

	if (probe < 0 || connect(probe, (const struct sockaddr *)peer, sizeof(*peer)) < 0 ||
	    getsockname(probe, (struct sockaddr *)&own, &length) < 0)
		fail("source address");
	close(probe);
	own.sin_port = htons(atoi(port));
	return own;
}

static struct socket *make_socket(struct sockaddr_in own)
{
	struct socket *made = usrsctp_socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP, NULL, NULL, 0, NULL);
	struct timeval patience = { .tv_sec = PATIENCE };

	if (!made)
		fail("usrsctp_socket");
	if (usrsctp_bind(made, (struct sockaddr *)&own, sizeof(own)) < 0)
		fail("usrsctp_bind");
	usrsctp_setsockopt(made, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return made;
}

/* usrsctp_recvv looks into all of its arguments, wanted or not. */
static ssize_t receive(struct socket *connection, char *text, size_t room)
{
	struct sockaddr_in from;
	struct sctp_recvv_rn info;
	socklen_t from_length = sizeof(from), info_length = sizeof(info);
	unsigned int type = 0;
	int flags = 0;

	return usrsctp_recvv(connection, text, room, (struct sockaddr *)&from, &from_length, &info, &info_length, &type, &flags);
}

static void serve(const char *name, const char *port)
{
	struct socket *listener = make_socket(address_of(NULL, port));

	if (usrsctp_listen(listener, 16) < 0)
		fail("usrsctp_listen");
	puts("serving");
	fflush(stdout);
	for (;;) {
		struct sockaddr_in peer;
		socklen_t length = sizeof(peer);
		char text[256], client[INET_ADDRSTRLEN];
		struct socket *connection = usrsctp_accept(listener, (struct sockaddr *)&peer, &length);

		if (!connection)
			continue;
		if (receive(connection, text, sizeof(text)) > 0) {
			inet_ntop(AF_INET, &peer.sin_addr, client, sizeof(client));
			snprintf(text, sizeof(text), "{\"pod\": \"%s\", \"client\": \"%s\", \"port\": %d}", name, client, ntohs(peer.sin_port));
			usrsctp_sendv(connection, text, strlen(text), NULL, 0, NULL, 0, SCTP_SENDV_NOINFO, 0);
		}
		usrsctp_close(connection);
	}
}

static int ask(const char *address, const char *port, const char *source_port)
{
	struct sockaddr_in peer = address_of(address, port);
	struct socket *connection = make_socket(source_towards(&peer, source_port));
	char text[256];
	ssize_t length;

	/* Two tries of a second: silence is told from an answer in time, and a lost packet is no silence. */
	struct sctp_initmsg init = { .sinit_num_ostreams = 1, .sinit_max_instreams = 1, .sinit_max_attempts = 2, .sinit_max_init_timeo = 1000 };
	struct sctp_rtoinfo timeouts = { .srto_initial = 1000, .srto_max = 2000, .srto_min = 500 };

	usrsctp_setsockopt(connection, IPPROTO_SCTP, SCTP_INITMSG, &init, sizeof(init));
	usrsctp_setsockopt(connection, IPPROTO_SCTP, SCTP_RTOINFO, &timeouts, sizeof(timeouts));
	if (usrsctp_connect(connection, (struct sockaddr *)&peer, sizeof(peer)) < 0) {
		printf("{\"error\": \"%s\"}\n", errno == ECONNREFUSED ? "refused" : errno == ETIMEDOUT ? "silence" : strerror(errno));
		return 0;
	}
	usrsctp_sendv(connection, "who", 3, NULL, 0, NULL, 0, SCTP_SENDV_NOINFO, 0);
	length = receive(connection, text, sizeof(text));
	if (length > 0)
		printf("%.*s\n", (int)length, text);
	else
		printf("{\"error\": \"%s\"}\n", length == 0 ? "closed" : strerror(errno));
	return 0;
}

int main(int count, char **arguments)
{
	usrsctp_init(0, NULL, NULL);
	if (count == 4 && !strcmp(arguments[1], "serve"))
		serve(arguments[2], arguments[3]);
	if (count >= 4 && !strcmp(arguments[1], "ask"))
		_exit(ask(arguments[2], arguments[3], count > 4 ? arguments[4] : "0") + (fflush(stdout) != 0));
	fprintf(stderr, "usage: sctp serve NAME PORT | sctp ask ADDRESS PORT [SOURCE-PORT]\n");
	return 2;
}
