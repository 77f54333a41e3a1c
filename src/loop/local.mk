loop_files = src/loop/loop.c src/loop/signals.c src/loop/loop.h
