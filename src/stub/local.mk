stub_files = src/stub/plan.h
