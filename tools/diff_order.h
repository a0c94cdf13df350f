/* Which calls came in another order in the second run, and not by chance.
 *
 * Two calls have an order when one had ended before the other began. A call has moved when it had
 * ended before another began in one run, and began after that one had ended in the other. Calls
 * that overlapped in either run have no order that could differ. */
#ifndef TOOLS_DIFF_ORDER_H
#define TOOLS_DIFF_ORDER_H

#include "tools/diff_align.h"

/* Sets `moved` of the fewest rows whose order tells it all. */
void th_diff_order(
	const struct th_diff_side *a, const struct th_diff_side *b, struct th_diff_rows *rows);

#endif
