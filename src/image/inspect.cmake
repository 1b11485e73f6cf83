set(IMAGE_INSPECT
    scan.c scan_kind.c scan_keys.c seal.c stored.c types.c secret.c show.c dump.c dump_text.c dump_tables.c
    dump_json.c dump_csv.c check.c check_table.c check_pages.c check_entries.c
    check_keys.c check_blob.c check_out.c json.c cells.c map.c svg.c)
