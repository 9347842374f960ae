"""Helpers of text protocols at their edges: what is parsed, passed and dropped.

Each text is tried on a connection of its own, so that no packet that was
dropped hides the next one.
"""

import struct

from .helpers import datagram, ftp_address, irc_line
from .nat import ADDRESSES, MASQUERADE
from .script import (CLIENT, CLIENT6, PUBLIC, PUBLIC6, SERVER, SERVER6, STRANGER, Script, Tcp,
                     scenario)

BEHIND_NAT = [{'in': 'wan', 'action': 'dnat', 'proto': proto, 'dport': port, 'to': CLIENT}
              for proto, port in (('tcp', 21), ('tcp', 6667), ('tcp', 6566), ('udp', 10080))]
MASQUERADE6 = [{'action': 'masquerade', 'out': 'wan', 'family': 'ipv6'}]


def _server(number):
    """One of many servers, so that what is expected of one does not clash."""
    return {'target': (f'198.51.100.{number + 5}', 21)}


def _ftp(script, number, six=False, first=b'USER me\r\n', answer=b'331 password\r\n', **how):
    """A control connection in which both ends have said a line."""
    if six:
        how = {'client': (CLIENT6, 40000 + number), 'target': (SERVER6, 21), **how}
    ftp = Tcp(script, **{'client': (CLIENT, 40000 + number), 'target': (SERVER, 21), **how})
    ftp.open()
    ftp.c('PA', first)
    ftp.s('PA', answer)
    return ftp


@scenario
def probe_ftp_commands():
    """What a client may say, word by word."""
    script = Script(helpers={'ftp': 21}, table='delta')
    for number, text in enumerate((
            b'P', b'PORT', b'PORT\r\n', b'PORTABLE\r\n', b'PORTABLE x\r\n', b'PORT ', b'PORT \r\n',
            b'PORT 10,0,0,2,19,136\n', b'PORT 10,0,0,2,19,136', b'PORT 10,0,0,2,19,136 \r\n',
            b'PORT  10,0,0,2,19,136\r\n', b'PORT 10,0,0,2,19,136,7\r\n', b'PORT 10,0,0,2,19\r\n',
            b'PORT 10.0.0.2.19.136\r\n', b'PORT 10,0,0,2,0,5000\r\n', b'PORT 10,0,0,258,19,136\r\n',
            b'PORT 0010,00,,02,19,136\r\n', b'PORT 10,0,0,2,,80\r\n', b'PORT 4294967306,0,0,2,19,1\r\n',
            b'PORTX 10,0,0,2,19,136\r\n', b'XPORT 10,0,0,2,19,136\r\n', b' PORT 10,0,0,2,19,136\r\n',
            b'PORT 10,0,0,2,19,136\rLIST\n', b'PORT 10,0,0,2,19,136\r\nPORT 10,0,0,2,19,137\r\n',
            b'E', b'EPRT', b'EPRT\r\n', b'EPRT |1|\r\n', b'EPRT |1|10.0.0.2|5000|',
            b'EPRT |1|10.0.0.2|5000\r\n', b'EPRT |1|10.0.0.2|0|\r\n', b'EPRT |1|10.0.0.2||\r\n',
            b'EPRT |1|10.0.0|5000|\r\n', b'EPRT |1|10.0.0.2.1|5000|\r\n',
            b'EPRT |1|10.0.0.258|5000|\r\n', b'EPRT |1|10...2|5000|\r\n',
            b'EPRT ,1,10.0.0.2,5000,\r\n', b'EPRT .1.10.0.0.2.5000.\r\n', b'EPRT 1110.0.0.2150001\r\n',
            b'EPRT \x1f1\x1f10.0.0.2\x1f5000\x1f\r\n', b'EPRT \x7f1\x7f10.0.0.2\x7f5000\x7f\r\n',
            b'EPRT |1|10.0.0.2|5000x|\r\n', b'EPRT |1|10.0.0.2|65536|\r\n',
            b'EPRT |2|2001:db8:1::2|5000|\r\n', b'EPRT |1|10.0.0.2|5000|garbage',
            b'EPRT |1,10.0.0.2|5000|\r\n', b'EPRT  |1|10.0.0.2|5000|\r\n', b'NOOP\r\n')):
        ftp = _ftp(script, number, **_server(number))
        ftp.c('PA', text)
    return script


@scenario
def probe_ftp_answers():
    """What a server may say, word by word."""
    script = Script(helpers={'ftp': 21}, table='delta')
    for number, text in enumerate((
            b'2', b'22', b'227', b'227 ', b'227\r\n', b'227-x\r\n', b'227 none\r\n',
            b'227 (198,51,100,5,23,112)\r\n', b'227 198,51,100,5,23,112\r\n',
            b'227 198,51,100,5,23,112', b'227 =198,51,100,5,23,112\n',
            b'227 (198,51,100,5,23,112,1)\r\n', b'227 (198,51,100,5,23)\r\n',
            b'227 route 66 (198,51,100,5,23,112)\r\n', b'227 (198,51,100,99,23,112)\r\n',
            b'227 (198,51,100,5,0,0)\r\n', b'227 (198, 51, 100, 5, 23, 112)\r\n',
            b'229', b'229 ', b'229 no\r\n', b'229 (|||6000|)\r\n', b'229 (|||6000|', b'229 (|||6000)',
            b'229 |||6000|\r\n', b'229 (||||)\r\n', b'229 (|||0|)\r\n', b'229 (|1|198.51.100.5|6000|)\r\n',
            b'229 (!!!6000!)\r\n', b'229 (|!|6000|)\r\n', b'229 (1116000 1)\r\n',
            b'229 (a) (|||6000|)\r\n', b'229 (|||71536|)\r\n', b'229 (|', b'229 (',
            b'228 (198,51,100,5,23,112)\r\n', b'PORT 198,51,100,5,23,112\r\n')):
        ftp = _ftp(script, number, client=(f'10.0.0.{number + 2}', 40000))
        ftp.s('PA', text)
    return script


@scenario
def probe_ftp_lines():
    """Where a command is looked for: behind the end of a line that was seen."""
    script = Script(helpers={'ftp': 21}, table='delta')
    port = f'PORT {ftp_address(CLIENT, 5000)}\r\n'.encode()
    Tcp(script, target=(SERVER, 21)).open().c('PA', port, note='the first line of all')
    ftp = _ftp(script, 1, **_server(1), first=b'USER me')
    ftp.c('PA', port, note='behind an unfinished line')
    ftp = _ftp(script, 2, **_server(2), first=b'USER me')
    ftp.c('PA', b'\r\n')
    ftp.c('PA', port, note='the line was finished later')
    ftp = _ftp(script, 3, **_server(3))
    ftp.c('PA', b'PORT 198,51,100,99,19,136\r\n', note='somebody else')
    ftp.c('PA', port, note='behind an address that was not ours')
    ftp = _ftp(script, 4, **_server(4))
    ftp.c('PA', b'PORT 10,0,0,2,19\r\n', move=False, note='dropped')
    ftp.c('PA', port, note='in place of what was dropped')
    ftp = _ftp(script, 5, **_server(5))
    ftp.c('PA', b'A\r\n')
    ftp.c('PA', b'B\r\n')
    ftp.c('PA', b'C\r\n')
    ftp.c('PA', port, seq=1001 + 9 + 3, move=False, note='two lines back')
    ftp.c('PA', port, seq=1001 + 9 + 6, move=False, note='one line back')
    ftp.c('PA', port, note='the newest')
    ftp = _ftp(script, 6, **_server(6))
    ftp.c('PA', b'NOOP\r\n', seq=ftp.c_next + 20, move=False, note='a hole')
    ftp.c('PA', port, note='fills part of the hole')
    ftp.c('PA', port, seq=1001 + 9 + 26, note='behind the line beyond')
    return script


@scenario
def probe_ftp_clash():
    """Two clients are told of one port of one server: the second answer is dropped."""
    script = Script(helpers={'ftp': 21}, table='delta')
    for number in range(2):
        ftp = _ftp(script, number)
        ftp.s('PA', b'227 (198,51,100,5,23,112)\r\n')
        ftp.s('PA', b'227 (198,51,100,5,23,113)\r\n', note='another port')
    ftp = _ftp(script, 2, six=True)
    ftp.c('PA', b'PORT 10,0,0,2,19,136\r\n', note='over IPv6')
    ftp.s('PA', b'227 (10,0,0,2,19,136)\r\n', note='over IPv6')
    ftp = _ftp(script, 3, six=True)
    ftp.c('PA', b'PORT 10,0,0,2\r\n', note='over IPv6')
    ftp.c('PA', b'EPRT |1|10.0.0.2|5000|\r\n', note='over IPv6', move=False)
    ftp.c('PA', b'EPRT |2|2001:DB8:1:0:0:0:0:2|5000|\r\n', note='another spelling')
    ftp.c('PA', b'EPRT |2|2001:db8:1::3|5000|\r\n', note='somebody else')
    return script


def _irc(script, number, text, **how):
    irc = Tcp(script, client=(CLIENT, 40000 + number), target=(SERVER, 6667), **how).open()
    irc.c('PA', text)
    return irc


@scenario
def probe_irc_offers():
    """What an offer looks like, letter by letter."""
    script = Script(helpers={'irc': 6667}, table='delta')
    for number, text in enumerate((
            irc_line(CLIENT, 5000, 'SEND'), irc_line(CLIENT, 5000, 'CHAT'),
            irc_line(CLIENT, 5000, 'MOVE'), irc_line(CLIENT, 5000, 'TSEND'),
            irc_line(CLIENT, 5000, 'SCHAT'), irc_line(CLIENT, 5000, 'RESUME'),
            irc_line(CLIENT, 5000, 'send'), irc_line(CLIENT, 5000).lower(),
            irc_line(CLIENT, 5000).replace(b'PRIVMSG', b'privmsg'),
            irc_line(CLIENT, 5000).replace(b'PRIVMSG', b'NOTICE'),
            b'  \r\n' + irc_line(CLIENT, 5000), b':me!me@host ' + irc_line(CLIENT, 5000),
            b'NICK me\r\n' + irc_line(CLIENT, 5000), irc_line(CLIENT, 5000)[:-1],
            irc_line(CLIENT, 5000)[:-2], irc_line(CLIENT, 5000).replace(b'\r', b''),
            irc_line(CLIENT, 5000).replace(b' 5000', b'   5000'),
            irc_line(CLIENT, 5000).replace(b' 167', b'   167'),
            irc_line(CLIENT, 5000).replace(b'file', b'"my file"'),
            irc_line(CLIENT, 5000).replace(b' 2048', b''),
            irc_line(CLIENT, 5000).replace(b' friend', b''),
            irc_line(CLIENT, 5000).replace(b':\x01', b':'),
            irc_line(CLIENT, 5000).replace(b':\x01', b'\x01'),
            irc_line(CLIENT, 5000).replace(b':\x01', b':see :\x01'),
            irc_line(CLIENT, 65536 + 80), irc_line(CLIENT, 65536), irc_line(STRANGER, 5000),
            irc_line(CLIENT, 5000).replace(b'167772162', b'4462739458'),
            irc_line(CLIENT, 5000).replace(b'167772162', b'0167772162'),
            irc_line(CLIENT, 5000).replace(b'167772162', b'10.0.0.2'),
            irc_line(CLIENT, 5000).replace(b'167772162', b'+167772162'),
            irc_line(STRANGER, 5000) + irc_line(CLIENT, 5001),
            irc_line(CLIENT, 5000) + irc_line(CLIENT, 5001),
            b'PRIVMSG x :\x01DCC SEND t 167772162 5\x01\n', b'PRIVMSG x :\x01DCC SEND t 167772162 5\n',
            b'PRIVMSG x :\x01DCC CHAT c 167772162 80\n',
            b'PRIVMSG x :\x01DCC CHAT c 1 80\n', b'PRIVMSG x :\x01DCC SEND  167772162 5000 20\x01\r\n',
            b'PRIVMSG x :\x01DCC SEND f 167772162 \n000 22\x01\r\n',
            b'PRIVMSG x :\x01DCC SEND f\n 167772162 5000 22\x01\r\n',
            b'PRIVMSG x y :\x01DCC SEND f 167772162 5000 22\x01\r\n')):
        _irc(script, number, text.replace(b' 5000', b' %d' % (5000 + number)))
    irc = _irc(script, 100, b'PRIVMSG x :\x01DCC SE')
    irc.c('PA', b'ND f 167772162 5000 22\x01\r\n', note='the rest of it')
    return script


@scenario
def probe_irc_many():
    """Ten offers of one client: eight may wait."""
    script = Script(helpers={'irc': 6667}, table='delta')
    irc = Tcp(script, target=(SERVER, 6667)).open()
    for number in range(10):
        irc.c('PA', irc_line(CLIENT, 5000 + number), wait=1 if number else 0)
    return script


@scenario
def probe_irc_nat():
    """Offers of masqueraded clients: of either address, and of a port that is taken."""
    script = Script(helpers={'irc': 6667}, table='delta', addr=ADDRESSES, nat=MASQUERADE)
    irc = Tcp(script, target=(SERVER, 6667), peer=(PUBLIC, 40000)).open()
    irc.c('PA', irc_line(CLIENT, 5000).replace(b' 5000', b'   5000'), note='blanks')
    irc.c('PA', irc_line(PUBLIC, 5001), note='the address that the server sees')
    irc.c('PA', irc_line(STRANGER, 5002))
    return script


def _amanda(script, client, answer, peer=None):
    script.lan(datagram(client, 5000, SERVER, 10080, b'Amanda 2.4 REQ HANDLE 1 SEQ 1\n'))
    script.wan(datagram(SERVER, 10080, peer or client, 5000, answer))


AMANDA_ANSWERS = (
    b'CONNECT DATA 7001 MESG 7002 INDEX 7003\n', b'CONNECT INDEX 7003 DATA 7001\n',
    b'CONNECT DATA 7001', b'CONNECT DATA 7001\nMESG 7002\n', b'connect data 7001\n',
    b'XCONNECT DATA 7001\n', b'CONNECT DATA 0 MESG 7002\n', b'CONNECT DATA x MESG 7002\n',
    b'CONNECT DATA 70010 MESG 7002\n', b'CONNECT DATA 700100 MESG 7002\n',
    b'CONNECT DATA 70000 MESG 7002\n', b'CONNECT DATA -1 MESG 7002 STATE 7004\n',
    b'CONNECT STATE 7004 INDEX 7003 MESG 7002 DATA 7001\n', b'CONNECT METADATA 7001\n',
    b'CONNECT DATA 7001 DATA 7002\n', b'CONNECT DATA 7001 MESG 7001\n', b'CONNECT\nDATA 7001\n',
    b'CONNECT \n', b'ACK\n', b'CONNECT DATA 65536 MESG 7002\n', b'CONNECT MESG 7002 CONNECT DATA 7001\n',
    b'CONNECT DATA  7001 MESG 7002\n')


@scenario
def probe_amanda_answers():
    """What the server may say."""
    script = Script(helpers={'amanda': 10080}, table='delta')
    for number, text in enumerate(AMANDA_ANSWERS):
        _amanda(script, f'10.0.0.{number + 2}', b'Amanda 2.4 REP HANDLE 1 SEQ 1\n' + text)
    script.lan(datagram(CLIENT, 5000, SERVER, 10080, b'CONNECT DATA 7001\n'), 'from the client')
    return script


@scenario
def probe_amanda_nat():
    """Through masquerading, and a server behind DNAT."""
    script = Script(helpers={'amanda': 10080}, table='delta', addr=ADDRESSES,
                    nat=MASQUERADE + BEHIND_NAT)
    text = b'REP\nCONNECT DATA 7001 MESG 7002 INDEX 7003\n'
    _amanda(script, CLIENT, text, PUBLIC)
    Tcp(script, client=(CLIENT, 40001), target=(SERVER, 7001), peer=(PUBLIC, 40001)).open()
    script.wan(datagram(STRANGER, 5000, PUBLIC, 10080, b'REQ\n'))
    script.lan(datagram(CLIENT, 10080, STRANGER, 5000, text))
    Tcp(script, client=(STRANGER, 40002), target=(PUBLIC, 7002), server=(CLIENT, 7002),
        side='wan').open()
    return script


def _sane(script, number, request, answer, **how):
    sane = Tcp(script, **{'client': (f'10.0.0.{number + 2}', 40000), 'target': (SERVER, 6566), **how})
    sane.open()
    sane.c('PA', request)
    sane.s('PA', answer)
    return sane


@scenario
def probe_sane_answers():
    """Requests and answers of all lengths."""
    script = Script(helpers={'sane': 6566}, table='delta')
    start, good = struct.pack('!II', 7, 0), struct.pack('!II', 0, 7007)
    for number, (request, answer) in enumerate((
            (start, good), (start, good[:7]), (start, good + bytes(20)), (start + b'\0', good),
            (start[:7], good), (struct.pack('!II', 6, 0), good), (struct.pack('!II', 7, 99), good),
            (start, struct.pack('!II', 1, 7007)), (start, struct.pack('!II', 0, 65536 + 7007)),
            (start, struct.pack('!II', 0, 0)), (start, struct.pack('!II', 0, 80)))):
        _sane(script, number, request, answer)
    sane = _sane(script, 50, start, good[:4])
    sane.s('PA', good[4:], note='in two pieces')
    sane.s('PA', good, note='nobody asked')
    sane.c('PA', start)
    sane.c('PA', start + start)
    sane.s('PA', good, note='a longer request in between')
    sane.c('PA', start)
    sane.c('PA', struct.pack('!II', 8, 0))
    sane.s('PA', good, note='another request in between')
    sane.c('PA', start)
    sane.s('PA', good)
    sane.c('PA', start)
    sane.s('PA', struct.pack('!II', 0, 7008), note='another port: the first gives way')
    return script


@scenario
def probe_sane_nat():
    """Through masquerading, and a scanner behind DNAT."""
    script = Script(helpers={'sane': 6566}, table='delta', addr=ADDRESSES,
                    nat=MASQUERADE + BEHIND_NAT)
    start, good = struct.pack('!II', 7, 0), struct.pack('!II', 0, 7007)
    _sane(script, 0, start, good, peer=(PUBLIC, 40000))
    Tcp(script, client=(CLIENT, 40100), target=(SERVER, 7007), peer=(PUBLIC, 40100)).open()
    _sane(script, 1, start, good, client=(STRANGER, 40001), target=(PUBLIC, 6566),
          server=(CLIENT, 6566), side='wan')
    return script


@scenario
def probe_ftp_nat():
    """Commands through NAT: IPv6, two clients with one port, short and long addresses."""
    script = Script(helpers={'ftp': 21}, table='delta', addr=ADDRESSES,
                    nat=MASQUERADE + MASQUERADE6)
    ftp = _ftp(script, 0, six=True, peer=(PUBLIC6, 40000))
    ftp.c('PA', f'EPRT |2|{CLIENT6}|5000|\r\n'.encode())
    ftp = _ftp(script, 1, peer=(PUBLIC, 40001))
    ftp.c('PA', b'EPRT !1!10.0.0.2!5000!\r\nLIST\r\n', note='another delimiter')
    ftp = _ftp(script, 2, peer=(PUBLIC, 40002))
    ftp.c('PA', b'PORT 010,0,0,02,0,5002\r\n', note='odd numbers')
    ftp = _ftp(script, 3, peer=(PUBLIC, 40003))
    ftp.c('PA', b'PORT 203,0,113,1,19,139\r\n', note='the address that the server sees')
    ftp = _ftp(script, 4, peer=(PUBLIC, 40004))
    ftp.s('PA', b'227 (198,51,100,5,23,112)\r\n')
    ftp = _ftp(script, 5, peer=(PUBLIC, 40005))
    ftp.c('PA', b'PORT 10,0,0,2,19,140\r\n', note='to be acknowledged by parts')
    ftp.s('A', ack=1001 + 9 + 4)
    ftp.s('A', ack=1001 + 9 + 25)
    return script
