/* Heads that differ in nothing but their Content-Length, as those of an agent's requests do, one
 * after the other: what was found out about one is true of the next. */
#ifndef PLAYER_SAME_HEAD_H
#define PLAYER_SAME_HEAD_H

#include "wire/head.h"

/* Where the line of Content-Length stands, with its end; at == end: there is none, or not one. */
struct th_length_line {
	size_t at, end;
};

struct th_length_line th_length_line(const struct th_head *head);

/* Are the heads the same without those lines, and is there one in both or in none? */
bool th_same_head(struct th_slice a, struct th_length_line in_a, struct th_slice b,
	struct th_length_line in_b);

#endif
