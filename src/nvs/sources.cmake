# The files of the store, for this build and those in port/: what reading needs; what writing adds,
# to which nothing of the first refers (scripts/size.sh); and what the store itself has no use for:
# key partitions, and entry headers as structs, for programs that make and inspect images.
set(BM_NVS_READING find.c fmt.c index.c iter.c keys.c mount.c page.c pagetable.c stats.c value.c
                   word.c)
set(BM_NVS_WRITING append.c collect.c set.c state.c tidy.c)
set(BM_NVS_BESIDE entry.c keypart.c)
