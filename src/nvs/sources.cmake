# The files of the store, for this build and those in port/: what reading needs; what writing adds,
# to which nothing of the first refers (scripts/size.sh); and key partitions.
set(BM_NVS_READING api_read.c find.c fmt.c index.c iter.c keys.c mount.c page.c pagetable.c stats.c
                   value.c)
set(BM_NVS_WRITING api_write.c append.c collect.c set.c state.c tidy.c)
set(BM_NVS_KEYS keypart.c)
