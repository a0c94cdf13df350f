#!/bin/sh
# gen_start.sh ORDER CALLS FIRST: a linker script that puts what ORDER names (start.order) side by
# side, what CALLS names (call.order), and what FIRST names (first.order), before the last of ORDER,
# which is large, and of which each process touches the beginning. It adds to the linker's own one
# (INSERT); what it does not find is nowhere.
order=$1
calls=$2
first=$3
names() {
	sed -n "s/^$1 \\([A-Za-z0-9_.]*\\)\$/\\1/p" "$order"
}

cat <<EOF
SECTIONS {
	.start_rodata : {
$(names constants | while read -r file; do
	echo "		*$file.o(.rodata .rodata.*)"
	echo "		*:$file.o(.rodata .rodata.*)"
done)
	}
	.start_text : {
		*:pthread_atfork.o*(.text)
$(names code | while read -r name; do
	echo "		*(.text.$name .text.$name.* .text.startup.$name .text.startup.$name.*)"
	echo "		*(.text.exit.$name .text.exit.$name.*)"
done)
	}
	.call_text : ALIGN(64) {
$({ order=$calls names code; order=$first names code; } | while read -r name; do
	echo "		*(.text.$name .text.$name.*)"
done)
	}
}
INSERT BEFORE .text;
SECTIONS {
	th_slots : { KEEP(*(th_slots)) }
	. = ALIGN(4096);
}
INSERT BEFORE .init_array;
SECTIONS {
	.start_bss (NOLOAD) : {
		*crtbegin*.o(.bss)
$({ names variable | sed '$d'; order=$first names variable; names variable | tail -n 1; } |
	while read -r name; do
		echo "		*(.bss.$name .bss.$name.*)"
	done)
	}
}
INSERT BEFORE .bss;
EOF
