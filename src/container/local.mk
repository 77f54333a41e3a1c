container_files = src/container/container.c src/container/container.h \
	src/container/record.c src/container/lifecycle.c src/container/lifecycle.h
