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

/* A head that is the one before, but for its length. */
struct th_head_again {
	size_t n;		    /* its bytes */
	struct th_length_line line; /* in it */
	uint64_t length;	    /* that it says; 0 without such a line */
};

/* Does `in` begin with such a head, all of it? `line` is that of `before`. False may also be said
 * of lengths that are not plain numbers. */
bool th_head_again(struct th_slice before, struct th_length_line line, struct th_slice in,
	struct th_head_again *ret_again);

#endif
