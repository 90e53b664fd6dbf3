#!/bin/sh
# Makes the certificates that tests use, all of them anew: two authorities, and what they have signed.
# They guard nothing. Needs openssl; the tests do not.
set -eu
cd "$(dirname "$0")"
rm -f ./*.pem
days=36500

authority() {
  openssl ecparam -name prime256v1 -genkey -noout -out "$1-key.pem"
  openssl req -x509 -new -key "$1-key.pem" -days $days -subj "/O=Conclave tests/CN=$1" -out "$1.pem"
}

# name, authority, subject, alternative names
certificate() {
  openssl ecparam -name prime256v1 -genkey -noout -out "$1-key.pem"
  openssl req -new -key "$1-key.pem" -subj "$3" |
    openssl x509 -req -CA "$2.pem" -CAkey "$2-key.pem" -CAcreateserial -days $days \
      -extfile /dev/fd/3 -out "$1.pem" 3<<EOF
subjectAltName=$4
EOF
}

authority authority
authority stranger
certificate server authority '/O=Conclave tests/CN=server' 'DNS:localhost,IP:127.0.0.1'
certificate renewed authority '/O=Conclave tests/CN=renewed' 'DNS:localhost,IP:127.0.0.1'
certificate client authority '/C=CH/O=Conclave, tests/OU=one+OU=two/CN=client' 'DNS:client'
certificate intruder stranger '/O=Conclave tests/CN=client' 'DNS:client'
for id in 1 2 3; do
  certificate "peer-$id" authority "/O=Conclave tests/CN=peer $id" "URI:conclave:peer:$id,IP:127.0.0.1"
done
rm -f ./*.srl authority-key.pem stranger-key.pem
