"""Netlists that reach outside their folder are refused by name, and simulate when they are trusted."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

import rramcirc as rc
from rramcirc.basics.errors import NetlistError
from rramcirc.basics.paths import verilog_a_folder
from rramcirc.devices.veriloga.compile import compile_module
from rramcirc.engines.ngspice.allowed import FILE_COMMANDS, OWN_RULES, PLAIN_COMMANDS
from rramcirc.engines.ngspice.deck import read_foreign
from rramcirc.engines.ngspice.scan import check_foreign

HEAD = "* test\nv1 1 0 1\nr1 1 0 1k\n.op\n"


def script(*lines: str) -> str:
    return HEAD + "\n".join([".control", *lines, ".endc", ".end", ""])


def cards(*lines: str) -> str:
    return HEAD + "\n".join([*lines, ".end", ""])


def write(folder: Path, text: str | bytes, name: str = "deck.cir") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


# name: (netlist, number of the line, what is said about it)
ESCAPES = {
    "shell": (script("shell rm -rf x"), 6, "'shell'"),
    "shell in capitals": (HEAD + ".CONTROL\nSHELL ls\n.ENDC\n.end\n", 6, "'SHELL'"),
    "shell after pre_": (script("pre_shell ls"), 6, "'pre_shell'"),
    "shell in quotes": (script("'shell' ls"), 6, "shell"),
    "shell in braces": (script("{shell,ls} x"), 6, "shell"),
    "shell with a backslash": (script("sh\\ell ls"), 6, "ell"),
    "shell with a carriage return inside": (script("sh\rell ls"), 6, "'shell'"),
    "continuation": (script("write", "* in between", "+ /tmp/x"), 6, "/tmp/x"),
    "continuation by backslashes": (script("write \\\\", "/tmp/x"), 6, "/tmp/x"),
    "shell behind a semicolon in quotes": (script('set x = ( a ";" shell ls )', "echo $x"), 7, r"\$x"),
    "shell behind a leading semicolon": (script("; shell ls"), 6, "'shell'"),
    "shell behind a form feed that looks like .endc": (script("echo a\x0c.endc", "shell ls"), 6, "control character"),
    "shell behind backslashes that hide .endc": (script("echo a \\\\", ".endc", "shell ls"), 8, "'shell'"),
    "shell behind .end": (HEAD + ".end\n.control\nshell ls\n.endc\n", 7, "'shell'"),
    "shell in a control block that is not closed": (HEAD + ".control\nop\n", 6, "without .endc"),
    "shell in .controlled": (HEAD + ".controlled\nshell ls\n.endcontrol\n.end\n", 6, "'shell'"),
    "shell behind a title that is too long": ("*" * 4999 + ".control\nshell ls\n.endc\n" + HEAD, 1, "title"),
    "shell in *#": (cards("*# shell ls"), 5, "'shell'"),
    "shell in *# with blanks": (cards("  *#shell ls"), 5, "'shell'"),
    "shell in *# behind a comment": (cards("*# echo a ; shell ls"), 5, "'shell'"),
    "shell from the title": (";\n" + script("echo a $curplottitle shell ls"), 7, r"\$curplottitle"),
    "shell from a title that is set": (script('set curplottitle = ";"', "echo $curplottitle shell"), 7, "curplottitle"),
    "shell from the name of a plot": (script("set curplotname = a", "echo $curplotname shell"), 7, "curplotname"),
    "shell behind an escaped quote": (script(r'echo "a\" b" > /tmp/x'), 6, "/tmp/x"),
    "raw file of a numerical device": (cards('d1 1 0 m ic.file="x.d1"'), 5, "may hold commands"),
    "raw file of a numerical model": (cards(".model m numd", '+ options ic.f="x"'), 5, "may hold commands"),
    "file of an altered parameter": (script('alterparam infile = "/etc/passwd"', "reset"), 6, "names a file"),
    "file of an altered parameter, without quotes": (script("alterparam s f=../x", "reset"), 6, "names a file"),
    "option of the same name": (cards(".options f=../x", "*# set f=a ; unset f", "*# echo a > $f"), 7, r"\$f"),
    "fopen behind a name that vanishes": (script("unset f", "set f = a", "fopen h $f /tmp/x"), 8, "/tmp/x"),
    "sourcepath that leads out": (script("set sourcepath = ( . /etc )"), 6, "sets sourcepath"),
    "rawfile of a loop": (script("foreach rawfile ../x", "op", "write", "end"), 6, "sets rawfile"),
    "programs as commands from a loop": (script("foreach 'unixcom' 1", "end"), 6, "sets unixcom"),
    "programs as commands from a comparison": (script("strcmp unixcom a b"), 6, "sets unixcom"),
    "rawfile of a text": (script("strslice rawfile a../x 1 4", "write"), 6, "sets rawfile"),
    "printer of a file": (script("fopen hcopydev x"), 6, "sets hcopydev"),
    "cd into a variable": (script("set f = ..", "cd $f"), 7, "'cd'"),
    "shell from a second title": (cards(".title ;", "*# echo $curplottitle shell"), 6, "curplottitle"),
    "shell from an option": (cards('.options foo=";"', "*# echo a $foo shell ls"), 5, "commands are made of"),
    "shell from a variable": (script("set c = shell", "$c ls"), 7, "'\\$c'"),
    "shell from the environment": (script("echo $SHELL"), 6, r"\$SHELL"),
    "shell from a device parameter": (script("echo $@r1[resistance] shell"), 6, r"variable \$"),
    "shell from standard input": (script("echo $< shell"), 6, r"variable \$"),
    "shell in the condition of if": (script("if `ls`", "end"), 6, "backticks"),
    "backticks": (script("echo `ls`"), 6, "backticks"),
    "backticks in set": (script("set x = `ls`"), 6, "backticks"),
    "backticks in a card": (cards(".param x='`ls`'"), 5, "backticks"),
    "history": (script("echo shell ls", "!!:1*"), 7, "'!!:1\\*'"),
    "history turned on": (script("set histsubst"), 6, "sets histsubst"),
    "programs as commands": (script("set unixcom", "ls"), 6, "sets unixcom"),
    "second variable of a set": (script("set a=1 unixcom"), 6, "sets unixcom"),
    "variable after a list": (script("set a = ( b c ) unixcom"), 6, "sets unixcom"),
    "variable in a list that is none": (script("set a = (b unixcom c)"), 6, "sets unixcom"),
    "variable in quotes": (script("set 'unixcom'"), 6, "sets unixcom"),
    "variable of a made-up name": (script("set a = unix", "set $a = 1"), 7, "name is made up"),
    "variable as an option": (cards(".options unixcom"), 5, "option unixcom"),
    "variable as an option command": (script("option unixcom"), 6, "sets unixcom"),
    "sourcepath": (script("set sourcepath = ( /etc )"), 6, "sets sourcepath"),
    "pre_set sourcepath": (script("pre_set sourcepath = ( /etc )"), 6, "sets sourcepath"),
    "editor": (script("set editor=/bin/sh"), 6, "sets editor"),
    "rawfile": (script("set rawfile=/tmp/x"), 6, "sets rawfile"),
    "measoutfile": (cards(".options measoutfile=/tmp/x"), 5, "option measoutfile"),
    "inputdir": (script("set inputdir=/etc"), 6, "sets inputdir"),
    "prompt, which holds a redirection": (script("strcmp a $prompt b"), 6, r"\$prompt"),
    "strslice": (script('set s = "a;c"', "strslice g $s 1 1", "echo $g shell ls"), 8, r"\$g"),
    "strslice of a strslice": (script('set s = "a>c"', "strslice g $s 1 1", "set h = $g", "echo $h /x"), 9, r"\$h"),
    "file name cut out of a text": (script("set s = ab.spiceinit", "strslice g $s 2 9", "write $g"), 8, "certain only"),
    "source": (script("source /etc/x"), 6, "'source'"),
    "file name as a command": (script("echo op > foo", "foo"), 7, "'foo'"),
    "cd": (script("cd /"), 6, "'cd'"),
    "edit": (script("edit x"), 6, "'edit'"),
    "aspice": (script("aspice x y"), 6, "'aspice'"),
    "rspice": (script("rspice x"), 6, "'rspice'"),
    "alias": (script("alias foo shell"), 6, "'alias'"),
    "hardcopy": (script("hardcopy ../x.ps v(1)"), 6, r"\.\./x\.ps"),
    "hardcopy on a printer": (script("set hcopydev=lp"), 6, "sets hcopydev"),
    "gnuplot": (script("gnuplot x v(1)"), 6, "'gnuplot'"),
    "snsave": (script("snsave /tmp/x"), 6, "/tmp/x"),
    "snload": (script("snload x y"), 6, "'snload'"),
    "codemodel": (script("codemodel /tmp/x.cm"), 6, "'codemodel'"),
    "pre_codemodel": (script("pre_codemodel x.cm"), 6, "'pre_codemodel'"),
    "circbyline": (script("circbyline .include /etc/passwd"), 6, "'circbyline'"),
    "load": (script("load x.raw"), 6, "'load'"),
    "fopen": (script("fopen h /etc/passwd r"), 6, "/etc/passwd"),
    "what fread read": (script("fopen h x r", "fread t $h", "echo $t shell ls"), 8, r"\$t"),
    "use of a library": (script("use /tmp/x.so"), 6, "'use'"),
    "run into an absolute path": (script("run /tmp/x.raw"), 6, "/tmp/x.raw"),
    "run into the folder above": (script("run ../x.raw"), 6, r"\.\./x\.raw"),
    "write to the home folder": (script("write ~/x.raw"), 6, "~/x.raw"),
    "write with a variable": (script("set f = /tmp/x", "write $f v(1)"), 7, r"\$f"),
    "write in quotes": (script('write "/tmp/x" v(1)'), 6, "/tmp/x"),
    "write with quotes inside": (script("write ''/tmp/x v(1)"), 6, "/tmp/x"),
    "write in braces": (script("write {/tmp/x,y} v(1)"), 6, "/tmp/x"),
    "write of a library": (script("write x.osdi v(1)"), 6, "x.osdi"),
    "write in capitals": (script("WRITE /tmp/x"), 6, "/tmp/x"),
    "wrdata": (script("wrdata /tmp/x v(1)"), 6, "/tmp/x"),
    "redirection": (script("echo a > /tmp/x"), 6, "/tmp/x"),
    "redirection without blanks": (script("echo a>/tmp/x"), 6, "/tmp/x"),
    "redirection that appends": (script("print all >> ../x"), 6, r"\.\./x"),
    "redirection of errors": (script("print all >& /tmp/x"), 6, "/tmp/x"),
    "redirection of let in capitals": (script("LET a=1 > /tmp/x"), 6, "/tmp/x"),
    "redirection in a loop that is none": (cards("*# echo a; while > /tmp/x"), 5, "/tmp/x"),
    "redirection from a variable": (script('set r = ( ">" /tmp/x )', "echo a $r"), 7, r"\$r"),
    "redirection of let": (script("op", "let a = 1 > ../x"), 7, r"\.\./x"),
    "redirection in single quotes": (script("echo a '>' /tmp/x"), 6, "/tmp/x"),
    "redirection behind a name that vanishes": (script("unset f", "echo a > $?f $f"), 7, r"\$f"),
    "name that vanishes": (script("set f = x", "unset f", "write $f /tmp/x"), 8, "names /tmp/x"),
    "braces that make commands": (script("echo {[,;,shell,ls,]}"), 6, "braces"),
    "braces from a variable": (script('set a = "{;,shell,ls}"', "echo $a"), 7, r"\$a"),
    "script made here": (script("echo shell ls > begin"), 6, "take for a script"),
    "script made here behind another command": (cards("*# echo a ; if"), 5, "'if'"),
    "altermod with a file": (script("altermod m1 file = ../x"), 6, "reads a file"),
    "altermod with an abbreviated file": (script("altermod m1 filename=x"), 6, "reads a file"),
    "altermod with a file from a variable": (script("set f = file", "altermod m1 $f = ../x"), 7, "reads a file"),
    "altermod with a file in braces": (script("set f = ile", "altermod m1 {f}$f = x"), 7, "reads a file"),
    "file parameter of a device": (script('alter @a1[file] = "/etc/passwd"'), 6, "file"),
    "dotfile": (script("echo shell ls > .spiceinit"), 6, "begins with a dot"),
    "dotfile from a name that vanishes": (script("set a = b", "echo x > {$a}.spiceinit"), 7, "begins with a dot"),
    "netlist of the run": (script("write netlist.cir"), 6, "of the run itself"),
    "record of the run": (script("echo x > RUN.JSON"), 6, "of the run itself"),
    "library behind another command": (cards("*# echo a ; osdi /tmp/x.osdi"), 5, "behind another command"),
    "variable in a redirection": (script("set d = ../x", "echo a > $d"), 7, "not a file of the run folder"),
    "folder above in the middle": (script("write a/../../x"), 6, "not a file of the run folder"),
    "set of rawfile": (script("set rawfile = ../x"), 6, "sets rawfile"),
    "statement that is unknown": (cards(".snapshot /tmp/x"), 5, "the statement '.snapshot'"),
    "reading a file into a variable": (script("set a < /etc/passwd"), 6, "reads a file"),
    "include absolute": (cards(".include /etc/passwd"), 5, "/etc/passwd"),
    "include above": (cards(".include ../x.inc"), 5, r"\.\./x\.inc"),
    "include in quotes": (cards('.inc "/etc/passwd"'), 5, "/etc/passwd"),
    "include of the home folder": (cards(".include ~/.profile"), 5, "profile"),
    "include from the environment": (cards(".include $HOME/.profile"), 5, "HOME"),
    "include in capitals": (cards(".INCLUDE /etc/passwd"), 5, "/etc/passwd"),
    "include as the title": (".include /etc/passwd\n" + HEAD, 1, "title"),
    "include in a control block": (script(".include deck.cir"), 6, "inside a control block"),
    "continuation of an included file": (cards(".include deck.cir", "* more", "+ x"), 7, "included file is continued"),
    "library absolute": (cards(".lib /etc/passwd tt"), 5, "/etc/passwd"),
    "library above": (cards(".lib '../x.lib' tt"), 5, r"\.\./x\.lib"),
    "library without section": (cards(".lib /etc/passwd"), 5, "/etc/passwd"),
    "saved library": (cards(".libsave x.lib tt"), 5, "x.lib|writes a file"),
    "sound file": (cards(".sndprint tran v(1)"), 5, "the statement '.sndprint'"),
    "osdi absolute": (script("pre_osdi /tmp/x.osdi"), 6, "/tmp/x.osdi"),
    "osdi above": (script("pre_osdi ../x.osdi"), 6, r"\.\./x\.osdi"),
    "osdi when it runs": (script("osdi /tmp/x.osdi"), 6, "/tmp/x.osdi"),
    "osdi with a variable": (script("set f = x", "osdi $f"), 7, r"\$f"),
    "device that starts a program": (cards('.model m d_process(process_file="ls")'), 5, "starts a program"),
    "device that starts a program, in capitals": (cards(".MODEL m D_PROCESS"), 5, "starts a program"),
    "device that loads a library": (cards('.model m d_cosim(simulation="./x.so")'), 5, "starts a program"),
    "model whose type is made up": (cards(".param t='d'", ".model m {t}(a=1)"), 6, "not a plain word"),
    "input file absolute": (cards('.model m d_source(input_file="/etc/passwd")'), 5, "/etc/passwd"),
    "input file in a continuation": (cards(".model m d_source(", '+ input_file = "/etc/passwd")'), 5, "/etc/passwd"),
    "state file above": (cards('.model m d_state(state_file="../x")'), 5, r"\.\./x"),
    "file of a table": (cards(".model m table2d(file=/etc/passwd)"), 5, "/etc/passwd"),
    "file without an equals sign": (cards('.model m filesource(file "/etc/passwd")'), 5, "/etc/passwd"),
    "file behind a comma": (cards(".model m filesource(a=1,file,/etc/passwd)"), 5, "/etc/passwd"),
    "file behind a quote": (cards('.model m filesource(a="1"file = "/etc/passwd")'), 5, "/etc/passwd"),
    "file of a numerical device": (cards(".model m numd level=1", "+ output rootfile=/tmp/x"), 5, "/tmp/x"),
    "abbreviated root of a numerical device": (cards(".model m numd level=1", '+ output ro="../x"'), 5, r"\.\./x"),
    "first state of a numerical device": (cards('d1 1 0 m ic.file="/etc/passwd"'), 5, "/etc/passwd"),
    "dotfile of a model": (cards('.model m filesource(file=".spiceinit")'), 5, "begins with a dot"),
    "file above and back": (cards('.model m filesource(file="../d/data.txt")'), 5, r"\.\./d"),
    "file as a parameter of a subcircuit": (cards('x1 a b s infile="/etc/passwd"'), 5, "/etc/passwd"),
    "file as a parameter": (cards('.param f="../../x"'), 5, r"\.\./\.\./x"),
    "file parameter of a code model that is unknown": (cards('.model m d_new(name="x")'), 5, "a text in a model"),
    "file from a parameter": (cards(".model m filesource(file={f})"), 5, "{f}"),
    "command script": ("*ng_script\nshell ls\n", 1, "command script"),
    "nothing after @": (HEAD + ".control\nshell ls\n.endc\n@\n", 6, "'shell'"),
    "null character": (script("echo a\x00 shell"), 6, "control character"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "number", "said"), ESCAPES.values(), ids=ESCAPES)
def test_escape_is_refused_with_its_line(tmp_path, text, number, said):
    path = write(tmp_path, text)
    with pytest.raises(NetlistError) as caught:
        check_foreign(path)
    message = str(caught.value)
    assert re.search(rf"deck\.cir line {number}: [^;]*?.*{said}", message), message
    assert "--trust" in message


def test_a_folder_that_may_be_read_is_not_written(tmp_path):
    kit, home = tmp_path / "kit", tmp_path / "home"
    kit.mkdir()
    home.mkdir()
    write(kit, ".lib tt\n.include more.inc\n.endl\n", "models.lib")
    write(kit, "r9 1 0 1k\n", "more.inc")
    path = write(home, cards(f".lib '{kit}/models.lib' tt", ".include ../kit/more.inc"))
    with pytest.raises(NetlistError, match="--allow-read"):
        check_foreign(path)
    assert [line.file.name for line in check_foreign(path, [kit]) if line.text.startswith("r9")] == ["more.inc"] * 2
    for folder in (kit, home):
        for line in (f'+ output root="{folder}/x"', f"+ ou ro={folder}/x"):
            with pytest.raises(NetlistError, match="not a file of the run folder"):
                check_foreign(write(home, cards(".model m numd level=1", line)), [kit])
        with pytest.raises(NetlistError, match="not a file of the run folder"):
            check_foreign(write(home, script(f"write {folder}/x")), [kit])


def test_every_file_that_an_include_may_mean_is_read(tmp_path):
    (tmp_path / "sub").mkdir()
    write(tmp_path, "r8 1 0 1k\n*# shell ls\n", "twice.inc")
    write(tmp_path / "sub", "r8 1 0 1k\n", "twice.inc")
    write(tmp_path / "sub", ".include twice.inc\n", "first.inc")
    with pytest.raises(NetlistError, match=r"twice\.inc line 2: the command 'shell'"):
        check_foreign(write(tmp_path, cards(".include sub/first.inc")))


def test_includes_without_end_are_refused_at_once(tmp_path):
    for k in range(40):
        write(tmp_path, f".include {k + 1}.inc\n" * 2, f"{k}.inc")
    write(tmp_path, "r7 1 0 1k\n", "40.inc")
    for k in range(200):
        write(tmp_path, f".include d{k + 1}.inc\n", f"d{k}.inc")
    write(tmp_path, "r7 1 0 1k\n", "d200.inc")
    for first in ("0", "d0"):
        path = write(tmp_path, cards(f".include {first}.inc"))
        for trust in (False, True):
            with pytest.raises(NetlistError, match="Include each file once"):
                read_foreign(path, trust=trust)


def test_a_name_that_no_file_can_have_is_refused(tmp_path):
    for name in ("a" * 5000, "b/" * 3000 + "c"):
        with pytest.raises(NetlistError, match="deck"):
            read_foreign(write(tmp_path, cards(f".include {name}")))
        read_foreign(write(tmp_path, cards(f'.model m filesource(file="{name}")')))


def test_all_findings_of_a_netlist_are_told(tmp_path):
    path = write(tmp_path, script("shell a", "cd /", "write /x", "echo `b`"))
    with pytest.raises(NetlistError) as caught:
        check_foreign(path)
    assert [f"line {n}" in str(caught.value) for n in (6, 7, 8, 9)] == [True] * 4


def test_escapes_in_included_files_are_refused(tmp_path):
    (tmp_path / "sub").mkdir()
    write(tmp_path / "sub", ".include ../../x.inc\n", "above.inc")
    write(tmp_path / "sub", "r2 1 0 1k\n.control\nshell ls\n.endc\n", "script.inc")
    write(tmp_path / "sub", ".include script.inc\n", "nested.inc")
    write(tmp_path, ".lib tt\n*# shell ls\n.endl\n", "x.lib")
    write(tmp_path, "r3 1 0 1k\n.control\nop\n", "open.inc")
    for line, said in {
        ".include sub/above.inc": r"above\.inc line 1: reads \.\./\.\./x\.inc",
        ".include sub/script.inc": r"script\.inc line 3: the command 'shell'",
        ".include sub/nested.inc": r"script\.inc line 3: the command 'shell'",
        ".lib x.lib tt": r"x\.lib line 2: the command 'shell'",
        ".include open.inc": r"open\.inc line 3: \.control without",
        # ngspice looks for a file beside those that were read before, too
        ".include sub/empty.inc\n.include script.inc": r"script\.inc line 3: the command 'shell'",
        ".include sub/script.inc;.txt": r"script\.inc line 3: the command 'shell'",
    }.items():
        write(tmp_path / "sub", "* nothing\n", "empty.inc")
        with pytest.raises(NetlistError, match=said):
            check_foreign(write(tmp_path, cards(line)))


def test_links_that_lead_outside_are_refused(tmp_path):
    (tmp_path / "home").mkdir()
    write(tmp_path, "r2 1 0 1k\n", "outside.inc")
    (tmp_path / "home" / "link.inc").symlink_to(tmp_path / "outside.inc")
    (tmp_path / "home" / "folder").symlink_to(tmp_path)
    for name in ("link.inc", "folder/outside.inc"):
        with pytest.raises(NetlistError, match=f"reads {name}, outside"):
            check_foreign(write(tmp_path / "home", cards(f".include {name}")))


HARMLESS = {
    "a usual script": script(
        "set num_threads=2", "save v(1)", "op", "print v(1) > values.txt", "let a = v(1) > 0.5 ; a comment",
        "if a > 0.5", "  echo large $&a", "else", "  echo small", "end", "set mode = display", "foreach r 1k 2k",
        "  alter r1 = $r", "  tran 1n 1u", "end", "while a < 3", "  let a = a + 1", "end", "meas tran m max v(1)",
        "set x = ( 1 2 3 )",
        "echo $x[2] $?x $#x $sim_status $plots", 'write "values.raw" v(1)', "wrdata values.dat v(1)", "run waves.raw",
        "plot v(1)", "setplot tran1", "quit $sim_status",
    ),
    "comments": cards("* shell ls", "*shell `ls`", "r2 1 0 1k ; .include /etc/passwd", "r3 1 0 1k $ `ls`"),
    "names": cards("rshell 1 0 1k", "xcd 1 0 s", ".subckt s a b", "rsource a b 1k", ".ends", "rfile /a /b 1k"),
    "semicolon as a comment": script("op ; then shell ls", "print v(1) $ write /tmp/x"),
    "files of the run folder": script(
        "op", "hardcopy x.ps v(1)", "set hcopydevtype=svg", "hardcopy $inputdir/y.svg v(1)", "snsave z.snap",
        "foreach c tt ss", "  write out_{$c}.raw", "  echo $c > {$c}.txt", "end", "set n = part", "wrdata $n v(1)",
        "set rawfile = r.raw", "cd $inputdir", "fopen h x.txt w", "mrdump m.txt", "let b = 1 > a",
    ),
    "functions": script('set s = abc', "strslice g $s 1 1", "echo $g", "define f(x) x > 1", "if $?batchmode", "end"),
    "older models": cards(".model q2 ako:q1 npn(bf=100)", ".model m psp103va type=1 level=2", ".model x d_osc(a=1)"),
    "texts with slashes": cards(
        '.param a="b/2"', "b1 1 0 v={v(1)/2} ", "r2 1 0 r='1k/2'", ".title ~/../x", "b2 1 0 i=~v(1)"
    ),
    "models": cards(".model dd d", ".model m nmos (level=1)", ".model\tn\tnpn(bf=100)", ".model r1 r tc1=0"),
    "files beside it": cards('.model m filesource(file="data/x.txt")', ".model n table2d (file=x.txt)"),
    "library section": cards(".lib tt", ".param x=1", ".endl"),
    "options": cards(".options reltol=1e-4 method=gear klu", ".option temp=50"),
    "control block with blank and comment lines": script("", "* comment", "# comment", "op"),
    "windows line ends": script("op", "print v(1)").replace("\n", "\r\n"),
    "other letters": cards("* Größe µ", "rµ 1 0 1k"),
}  # fmt: skip


@pytest.mark.parametrize("text", HARMLESS.values(), ids=HARMLESS)
def test_harmless_netlist_passes(tmp_path, text):
    check_foreign(write(tmp_path, text))


def test_included_files_of_the_own_folder_pass(tmp_path):
    (tmp_path / "sub").mkdir()
    write(tmp_path / "sub", ".include more.inc\n.include 'with blank.inc'\n", "a.inc")
    write(tmp_path / "sub", "r4 1 0 1k\n", "more.inc")
    write(tmp_path / "sub", ".include ../up.inc\n", "with blank.inc")
    write(tmp_path, "r5 1 0 1k\n.include sub/a.inc\n", "up.inc")  # and a circle
    check_foreign(write(tmp_path, cards(".include sub/a.inc", '.lib "sub/more.inc" tt')))


def test_generated_netlists_pass(tmp_path):
    rram, selector = rc.load_card("hfo2_filament"), rc.load_card("nmos_select")
    cell = rc.Cell(rram=rram, selector=selector)
    read = {"wl": rc.Constant(1.8), "bl": rc.Pulse(0.2, width=50e-9, delay=10e-9)}
    for k, bench in enumerate([
        rc.Testbench(cell, rc.OperatingPoint(), {"wl": rc.Constant(1.8)}),
        rc.Testbench(rc.Crossbar(cell, rows=3, columns=4), rc.Transient(100e-9), read),
        rc.Testbench(rc.Cell(rram=rram), rc.DcSweep("bl", -1.0, 1.0)),
        rc.Testbench(rc.Cell(rram=rram), rc.Ac("bl", 1e3, 1e6), name="a `title`; with $signs > and .control"),
    ]):  # fmt: skip
        path = tmp_path / f"{k}.cir"
        rc.build_netlist(bench).write(path)
        check_foreign(path)


def test_compiled_models_of_our_cache_are_allowed_and_others_refused(tmp_path):
    model = compile_module(verilog_a_folder() / "rram_filament.va")
    (tmp_path / "sub").mkdir()
    for name in ("ours.osdi", "sub/ours.osdi"):
        (tmp_path / name).write_bytes(model.path.read_bytes())
        check_foreign(write(tmp_path, script(f"pre_osdi {name}", "op")))
    (tmp_path / "ours.osdi").write_bytes(model.path.read_bytes() + b"\0")
    with pytest.raises(NetlistError, match=r"line 6: loads the library ours\.osdi, which rramcirc did not compile"):
        check_foreign(write(tmp_path, script("pre_osdi ours.osdi", "op")))


def test_trusted_netlist_runs(tmp_path):
    target = tmp_path / "outside.txt"
    (tmp_path / "home").mkdir()
    path = write(tmp_path / "home", script(f"shell touch {target}", "op"))
    with pytest.raises(NetlistError, match="--trust"):
        rc.simulate_netlist(path, output=tmp_path / "run")
    assert not target.exists()
    assert rc.simulate_netlist(path, output=tmp_path / "run", trust=True)["v(1)"][0] == 1.0
    assert target.exists()


def test_trusted_netlist_finds_files_outside(tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "models").mkdir()
    write(tmp_path / "models", "r2 1 2 1k\nr3 2 0 1k\n", "x.inc")
    model = compile_module(verilog_a_folder() / "rram_filament.va")
    (tmp_path / "models" / "x.osdi").write_bytes(model.path.read_bytes())
    path = write(
        tmp_path / "home", HEAD + ".include ../models/x.inc\n.control\npre_osdi ../models/x.osdi\n.endc\n.end\n"
    )
    assert rc.simulate_netlist(path, output=tmp_path / "run", trust=True)["v(2)"][0] == pytest.approx(0.5)


def test_safe_commands_are_built_into_ngspice(tmp_path):
    """A name that is not built in would be looked up as a script file in the run folder."""
    names = sorted((PLAIN_COMMANDS | FILE_COMMANDS | OWN_RULES) - {"quit", "remcirc", "removecirc", "resume"})
    path = write(tmp_path, HEAD + "\n".join([".control", "op", *names, ".endc", ".end", ""]))
    done = subprocess.run(["ngspice", "-n", "-b", path.name], cwd=tmp_path, capture_output=True, text=True, timeout=30)
    assert re.findall(r"^.*(?:no such command|not implemented).*$", done.stdout + done.stderr, re.M) == []


WORKING = {
    "variable that holds a semicolon": ";\n" + script("op", "echo a $curplottitle shell touch mark"),
    "star and hash": cards("*# shell touch mark"),
    "form feed": script("echo a\x0c.endc", "shell touch mark"),
    "carriage return": script("sh\rell touch mark"),
    "backslashes": script("echo a \\\\", ".endc", "shell touch mark"),
    "long title": "*" * 4999 + ".control\nshell touch mark\n.endc\n" + HEAD,
}


@pytest.mark.parametrize("text", WORKING.values(), ids=WORKING)
def test_what_is_refused_would_have_worked(tmp_path, text):
    """The scan reads lines as ngspice does; were ngspice to change, these rules could go."""
    path = write(tmp_path, text)
    with pytest.raises(NetlistError):
        check_foreign(path)
    subprocess.run(["ngspice", "-n", "-b", path.name], cwd=tmp_path, capture_output=True, timeout=30)
    assert (tmp_path / "mark").exists()
