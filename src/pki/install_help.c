/* How to make a platform or program trust the authority. */
#include "pki/install_help.h"

#include <stddef.h>

const struct install_help install_help[] = {
    {"debian", "Debian, Ubuntu", "weir-ca-cert.pem",
     "$ sudo cp {cert} /usr/local/share/ca-certificates/weir-ca.crt\n"
     "$ sudo update-ca-certificates\n"
     "Programs that are running must be started again.\n",
     "$ sudo rm /usr/local/share/ca-certificates/weir-ca.crt\n"
     "$ sudo update-ca-certificates --fresh\n"},
    {"fedora", "Fedora, RHEL, openSUSE", "weir-ca-cert.pem",
     "$ sudo cp {cert} /etc/pki/ca-trust/source/anchors/weir-ca.pem\n"
     "$ sudo update-ca-trust\n"
     "On openSUSE the folder is /etc/pki/trust/anchors and the command update-ca-certificates.\n",
     "$ sudo rm /etc/pki/ca-trust/source/anchors/weir-ca.pem\n"
     "$ sudo update-ca-trust\n"},
    {"arch", "Arch Linux", "weir-ca-cert.pem", "$ sudo trust anchor --store {cert}\n",
     "$ sudo trust anchor --remove {cert}\n"},
    {"macos", "macOS", "weir-ca-cert.pem",
     "$ sudo security add-trusted-cert -d -p ssl -p basic -k /Library/Keychains/System.keychain "
     "{cert}\n"
     "Or open the file in Keychain Access, choose the keychain System, open the certificate there "
     "and set \"Trust\" to \"Always Trust\".\n",
     "$ sudo security remove-trusted-cert -d {cert}\n"},
    {"windows", "Windows", "weir-ca-cert.cer",
     "In a terminal as administrator:\n"
     "$ certutil -addstore root {cert}\n"
     "Or open the file, choose \"Install Certificate\", \"Local Machine\", and the store \"Trusted "
     "Root Certification Authorities\".\n",
     "In certmgr.msc, under \"Trusted Root Certification Authorities\", delete what begins with "
     "\"Weir CA\".\n"},
    {"ios", "iPhone, iPad", "weir-ca-cert.cer",
     "Open the file in Safari and allow the profile to be downloaded.\n"
     "Install it: Settings, General, VPN & Device Management, Weir CA, Install.\n"
     "Then trust it: Settings, General, About, Certificate Trust Settings, and switch Weir CA "
     "on.\n",
     "Settings, General, VPN & Device Management, Weir CA, Remove Profile.\n"},
    {"android", "Android", "weir-ca-cert.cer",
     "Settings, Security, Encryption & credentials, Install a certificate, CA certificate, and "
     "choose the file.\n"
     "Browsers trust it then. Other apps do only if their network security configuration allows "
     "authorities added by the user; on an emulator or a rooted device it can be put among the "
     "system's instead.\n",
     "Settings, Security, Encryption & credentials, Trusted credentials, User, Weir CA, Remove.\n"},
    {"firefox", "Firefox", "weir-ca-cert.pem",
     "Settings, Privacy & Security, View Certificates, Authorities, Import: choose the file and "
     "tick \"Trust this CA to identify websites\".\n"
     "Or let Firefox use the system's authorities: set security.enterprise_roots.enabled to true "
     "in "
     "about:config.\n",
     "In the same place choose Weir CA and \"Delete or Distrust\".\n"},
    {"chromium", "Chrome, Chromium on Linux", "weir-ca-cert.pem",
     "$ mkdir -p $HOME/.pki/nssdb\n"
     "$ certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n weir-ca -i {cert}\n"
     "certutil is in the package libnss3-tools (Debian) or nss-tools (Fedora). On other systems "
     "Chrome uses the system's authorities.\n",
     "$ certutil -d sql:$HOME/.pki/nssdb -D -n weir-ca\n"},
    {"java", "Java", "weir-ca-cert.pem",
     "$ keytool -importcert -noprompt -cacerts -storepass changeit -alias weir-ca -file {cert}\n"
     "Without changing the installation: make a store of your own and name it.\n"
     "$ keytool -importcert -noprompt -keystore weir.p12 -storepass changeit -alias weir-ca -file "
     "{cert}\n"
     "$ java -Djavax.net.ssl.trustStore=weir.p12 -Djavax.net.ssl.trustStorePassword=changeit ...\n",
     "$ keytool -delete -cacerts -storepass changeit -alias weir-ca\n"},
    {"node", "Node.js", "weir-ca-cert.pem", "$ export NODE_EXTRA_CA_CERTS={cert}\n",
     "$ unset NODE_EXTRA_CA_CERTS\n"},
    {"python", "Python", "weir-ca-cert.pem",
     "For the standard library, and for requests and what is built on it:\n"
     "$ export SSL_CERT_FILE={cert}\n"
     "$ export REQUESTS_CA_BUNDLE={cert}\n",
     "$ unset SSL_CERT_FILE REQUESTS_CA_BUNDLE\n"},
    {"go", "Go", "weir-ca-cert.pem",
     "On Linux programs written in Go read a file; elsewhere they use the system's authorities.\n"
     "$ export SSL_CERT_FILE={cert}\n",
     "$ unset SSL_CERT_FILE\n"},
    {"curl", "curl, wget, git", "weir-ca-cert.pem",
     "$ curl --cacert {cert} ...\n"
     "$ wget --ca-certificate={cert} ...\n"
     "$ git -c http.sslCAInfo={cert} ...\n",
     "Leave the option out.\n"},
    {NULL, NULL, NULL, NULL, NULL},
};
