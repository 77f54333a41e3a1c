verbs_files = src/verbs/verb.h
