#!/bin/sh
# Makes the certificates of this folder; needs OpenSSL. They protect nothing. All share one key (key.pem).
#   authority.pem    signs all but self_signed.pem          2020 to 2120
#   good.pem         localhost and 127.0.0.1                2020 to 2120
#   expired.pem      the same names                         2020 to 2021
#   future.pem       the same names                         2119 to 2120
#   wrong_name.pem   other.invalid                          2020 to 2120
#   self_signed.pem  localhost and 127.0.0.1, by itself     2020 to 2120
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
openssl ecparam -name prime256v1 -genkey -noout -out key.pem
touch "$work/index"
cat > "$work/ca.cnf" <<EOF
[ca]
default_ca = own
[own]
database = $work/index
new_certs_dir = $work
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[here]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = DNS:localhost, IP:127.0.0.1
[elsewhere]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = DNS:other.invalid
EOF
openssl ecparam -name prime256v1 -genkey -noout -out "$work/authority.key"

# make NAME KEY EXTENSIONS START END HOW...
make() {
    name=$1 key=$2 extensions=$3 start=$4 end=$5
    shift 5
    openssl req -new -key "$key" -subj "/CN=rollbar_logging tests $name" -out "$work/request" -batch
    openssl ca -batch -notext -config "$work/ca.cnf" -extensions "$extensions" -startdate "$start" -enddate "$end" \
        -in "$work/request" -out "$name.pem" "$@" 2> "$work/log" || { cat "$work/log"; exit 1; }
}
make authority "$work/authority.key" root 20200101000000Z 21200101000000Z -selfsign -keyfile "$work/authority.key"
for what in "good here 20200101 21200101" "expired here 20200101 20210101" "future here 21190101 21200101" \
    "wrong_name elsewhere 20200101 21200101"; do
    set -- $what
    make "$1" key.pem "$2" "${3}000000Z" "${4}000000Z" -cert authority.pem -keyfile "$work/authority.key"
done
make self_signed key.pem here 20200101000000Z 21200101000000Z -selfsign -keyfile key.pem
