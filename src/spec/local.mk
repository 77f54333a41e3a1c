spec_files = src/spec/spec.c src/spec/spec.h src/spec/field.c src/spec/field.h
