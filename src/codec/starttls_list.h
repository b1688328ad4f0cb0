/* The protocols that change to TLS in the middle: STARTTLS_PROTOCOL(name of its ops). Sorted. */
STARTTLS_PROTOCOL(imap)
STARTTLS_PROTOCOL(ldap)
STARTTLS_PROTOCOL(mysql)
STARTTLS_PROTOCOL(pop3)
STARTTLS_PROTOCOL(postgresql)
STARTTLS_PROTOCOL(smtp)
STARTTLS_PROTOCOL(xmpp)
