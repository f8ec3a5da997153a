"""The closed lists of the scan: what a netlist from somewhere else may say to ngspice 46. What is not here is refused.

The commands are those of its table that neither start a program nor load or source a file, each with what its words
may be. The variables are those that ngspice itself reads (of the rest, a netlist may set any).
"""

from __future__ import annotations

from rramcirc.engines.ngspice.lines import words

# Commands whose words are names, numbers and expressions.
PLAIN_COMMANDS = words(
    """
    ac asciiplot check_ifparm compose cross cutout dc define deftype delete destroy devhelp diff display
    disto dump echo edisplay eprint eprvcd esave fclose fft fourier inventory iplot let linearize listing mc_source
    meas noise op optran plot print psd pz quit remcirc remzerovec removecirc reset reshape resume rusage save sens
    setcirc setplot setscale setseed settype shift show showmod sp spec state status step stop strcmp strslice strstr
    sysinfo tf trace tran transpose undefine unlet version where
    """
)
# Commands whose first word is the name of a file that they write, if there is one. `load` is not among them, nor
# CIDER's first states: ngspice executes the commands that a raw file holds.
FILE_COMMANDS = words("fopen hardcopy mdump mrdump run snsave wrdata write wrnodev wrs2p")
# Commands with rules of their own.
OWN_RULES = words("alter altermod alterparam cd fread option options osdi set setcs unset")
# ngspice takes these only at the beginning of a line, in lower case; elsewhere it looks for a script of that name.
STRUCTURE = words("break continue dowhile else end foreach goto if label repeat while")
ALIASES = words("acct begin enddowhile endforeach endif endrepeat endwhile exit")
NOT_REDIRECTED = frozenset(("stop", "define"))  # here > and < compare

# Variables that ngspice 46 reads and that change only numbers, printing and drawing.
SAFE_VARIABLES = words(
    """
    abstol acct addescape altshow appendwrite askquit auto_bridge autostop batchmode brief controlswait csnumprec
    cshunt_value curplot curplotdate curplotname curplottitle diff_abstol diff_reltol diff_vntol diode_cj0
    diode_rser dpolydegree dyngmin echo enable_noisy_r encoding event_node_spacing filetype fourgridsize fournosave
    gridsize gridstyle hcopyfont hcopyfontfamily hcopyfontsize hcopyheight hcopypscolor hcopypstxcolor hcopyscale
    hcopywidth height history indverbosity interp level list maxwarns measureprec moremode mtimeavgwindow nfreqs
    ng_nomodcheck ngdebug nginfo no_auto_bridge_family no_auto_gnd no_mem_check noacct noaskquit noasciiplotvalue
    nobjthack nobreak noclobber node noglob noinit nolegend nomod nomoremode nonomatch nopadding nopage noparse
    noprintscale noquotesinoutput norefvalue nosavecurrents noisyxspice nosighandling nosort nostepsizelimit nosubckt
    notrnoise nounits nperiods num_threads numdgt opts pensize plainlet plainplot plainwrite plot_auto_spacing
    plothistory plotstyle pointchars pointstyle polydegree polysteps printinfo probe_alli_given probe_alli_nox
    probe_is_given ps_global_hash_table ps_global_tmodels ps_ports_and_pins ps_scan_gates_optimize ps_tpz_delays
    ps_udevice_exit ps_udevice_msgs ps_use_mntymx ps_with_inverters ps_with_tri_inverters rawfileprec renumber rndseed
    sanelet scale silent_fileio sim_status soacheck specwindow specwindoworder sqrnoise statlocal strict_errorhandling
    strictnumparse svg_intopts svg_stropts temp ticchar ticlist ticmarks topo_reduce trtol units unixterm warn wfont
    wfont_size width wnflag wr_onespace wr_singlescale wr_vecnames x11lineararcs xbrushwidth xfont xfont_size
    xgridwidth xtrtol
    """
)
# Those that it takes for files, programs and the meaning of other lines.
UNSAFE_VARIABLES = words(
    """
    addcontrol altprompt argc argv debug device display editor gnuplot_terminal hcopydev helpboldfont helpbuttonfont
    helpbuttonstyle helpinitxpos helpinitypos helpitalicfont helppath helpregfont helptitlefont histsubst inputdir
    interactive lprplot5 lprps measoutfile mingwpath modelcard modelline ngbehavior no_auto_braces no_spiceinit
    no_spinit program prompt pyplot_backend pyplot_figsize pyplot_linewidth pyplot_python pyplot_style pyplot_subplots
    pyplot_terminal remote_shell rhost rprogram shell spectrace spicepath subend subinvoke substart unixcom
    """
)
# Variables whose value is a word of a closed list, or a file of the run folder.
DRAWING_DEVICES = frozenset(("postscript", "svg", "plot5"))
# Variables that have a value before the netlist sets one, and what it may be; `inputdir` is the run folder.
KNOWN_VALUES = {
    "sim_status": "1",
    "plots": "tran1",
    "curplot": "tran1",
    "oscompiled": "6",
    "rndseed": "1",
    "temp": "27",
    "numdgt": "6",
    "rawfile": "rawspice.raw",
}

# Statements; of those in the second list, ngspice looks at the beginning only.
CARDS = words(
    """
    .ac .csparam .dc .disto .distribution .else .elseif .end .endif .endl .ends .eom .func .global .hdl .ic .if .macro
    .model .nodeset .noise .op .param .params .plot .print .probe .protect .unprotect .prot .unprot .pss .pz .save
    .sens .sp .subckt .temp .tf .title .tran .width .backanno .biaschk .endc .endcontrol .endsubckt .para
    """
)
CARD_BEGINNINGS = (".opt", ".meas", ".four", ".lib")

# Model types of ngspice 46 that know no file: its own, then those of its code models.
MODEL_TYPES = words(
    """
    r res c cap l ind d npn pnp lpnp njf pjf nmf pmf nhfet phfet nmos pmos nsoi psoi sw csw vswitch iswitch ltra urc
    cpl txl vdmos vdmosn vdmosp core vbic nvdmos pvdmos ucap udly ubjt transmissionline
    adc_bridge astate aswitch bidi_bridge capacitoric capacitor climit cmeter cpline cpmlin d_and d_buffer d_dff
    d_dlatch d_dt d_fdiv d_genlut d_inverter d_jkff d_lut d_nand d_nor d_open_c d_open_e d_or d_osc d_pulldown
    d_pullup d_pwm d_ram d_srff d_srlatch d_tff d_to_real d_tristate d_xnor d_xor dac_bridge delay divide gain hyst
    ilimit inductoric inductor int d_dt lcouple limit lmeter memristor mlin msopen mult multi_input_pwl oneshot ota
    potentiometer pswitch pwl pwlts real_delay real_gain real_to_v s_xfer seegen sidiode sine slew spice2poly square
    summer tline triangle zener
    ugate uinv utgate ueff ugff udelay uio uadc udac upld
    """
)
# Those that read a file, and the parameter that names it.
FILE_MODELS = {
    "filesource": ("file",),
    "table2d": ("file",),
    "table3d": ("file",),
    "xfer": ("file",),
    "d_source": ("input_file",),
    "d_state": ("state_file",),
}
# CIDER's: names of files stand behind words that may be cut short (`output ro=`, `doping inf=`, `options ic.f=`).
NUMERICAL_MODELS = words("numd nbjt numos")
PROGRAM_MODELS = words("d_process d_cosim ndev")  # start a program, load a library, call another computer
