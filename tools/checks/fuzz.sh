#!/bin/sh
# fuzz.sh [SECONDS] [TARGET...]: runs the fuzz targets (clang, AddressSanitizer, UBSan), ten minutes each by default.
set -eu
seconds=${1:-600}
[ $# -gt 0 ] && shift
[ -f build/fuzz/build.ninja ] || cmake --preset fuzz
targets=${*:-http_head_fuzz multipart_fuzz web_socket_fuzz csv_fuzz json_fuzz ndjson_fuzz xml_fuzz fixed_fuzz jwt_fuzz query_fuzz expression_fuzz parquet_fuzz parquet_table_fuzz sqlite_fuzz avro_fuzz unpack_fuzz xlsx_fuzz xls_fuzz sandbox_frames_fuzz}
# shellcheck disable=SC2086
cmake --build build/fuzz --target $targets >&2
for target in $targets; do
    # A table of 4 KiB has every shape that one of 64 KiB has; each input is opened up to four times.
    case $target in csv_fuzz | json_fuzz | ndjson_fuzz | xml_fuzz | fixed_fuzz | http_head_fuzz) size=4096 ;; *) size=65536 ;; esac
    mkdir -p "build/fuzz/corpus/$target"
    build/fuzz/tests/"$target" -max_total_time="$seconds" -max_len="$size" -print_final_stats=1 -artifact_prefix=build/fuzz/ \
        "build/fuzz/corpus/$target" >"build/fuzz/$target.log" 2>&1 || { tail -n 40 "build/fuzz/$target.log"; exit 1; }
    printf '%s: %s executions, no finding\n' "$target" "$(sed -n 's/stat::number_of_executed_units: *//p' "build/fuzz/$target.log")"
done
