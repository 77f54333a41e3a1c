container_files = src/container/container.c src/container/container.h \
	src/container/record.c src/container/record.h src/container/facts.c src/container/facts.h \
	src/container/state_json.c src/container/lifecycle.c src/container/lifecycle.h
