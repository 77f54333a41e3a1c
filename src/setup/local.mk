setup_files = src/setup/step.c src/setup/step.h src/setup/setup.h
