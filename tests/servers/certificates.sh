# Certificates for tests, made by openssl in $tmp. Sourced behind tests/shell/lib.sh.
#
#   new_authority NAME              NAME.pem and NAME.key
#   new_certificate NAME AUTHORITY SUBJECT_ALT_NAMES [DAYS]
#                                   NAME.pem and NAME.key, signed; less than 0 DAYS: it has expired
# shellcheck shell=sh
# shellcheck disable=SC2154 # tmp is lib.sh's

new_key='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'

new_authority() {
    # shellcheck disable=SC2086 # options are words
    openssl req -x509 $new_key -days 2 -subj "/CN=$1" -keyout "$tmp/$1.key" -out "$tmp/$1.pem" \
        2>>"$tmp/openssl.log"
}

new_certificate() {
    # shellcheck disable=SC2086 # options are words
    openssl req $new_key -subj "/CN=$1" -addext "subjectAltName=$3" -keyout "$tmp/$1.key" \
        -out "$tmp/$1.csr" 2>>"$tmp/openssl.log" &&
        openssl x509 -req -in "$tmp/$1.csr" -CA "$tmp/$2.pem" -CAkey "$tmp/$2.key" -CAcreateserial \
            -days "${4:-2}" -copy_extensions copy -out "$tmp/$1.pem" 2>>"$tmp/openssl.log"
}
