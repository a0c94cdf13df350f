/* How far one word is from another: for telling mistyped words. Pure, no memory of its own. */
#ifndef BASE_EDIT_DISTANCE_H
#define BASE_EDIT_DISTANCE_H

/* Edits (insert, delete, replace, swap neighbours) from one word to the other; words are cut to
 * 31 characters. */
unsigned th_edit_distance(const char *a, const char *b);

#endif
