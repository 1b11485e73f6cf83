set(IMAGE_EDIT diff.c diff_out.c edit.c json.c)
