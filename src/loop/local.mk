loop_files = src/loop/loop.c src/loop/loop.h
