/* Uses a library that is there before and after us. */
#include "early.h"

int main(void)
{
	early_between();
	return 7;
}
