/* What the processor can do, as the loader has found out already. */
#ifndef SHIM_PROCESSOR_H
#define SHIM_PROCESSOR_H

/* In the constructor, after th_slot_begin(). */
void th_processor_begin(void);

#endif
