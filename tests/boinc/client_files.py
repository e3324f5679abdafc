"""The two files that make a real client quick, quiet and deaf to what else the machine does."""

from xml.sax.saxutils import escape

_INVENTED_GPUS = """<!-- The client believes in them and tells a program which of them to use. -->
        <coproc>
            <type>NVIDIA</type>
            <count>{count}</count>
            <device_nums>{numbers}</device_nums>
            <peak_flops>1e12</peak_flops>
        </coproc>"""


def cc_config(ncpus: int, log_flags: tuple[str, ...], nvidia_gpus: int = 0) -> str:
    """cc_config.xml: nothing but loopback, no GPUs but invented ones, no containers, reports at once."""
    gpus = "<no_gpus>1</no_gpus>"
    if nvidia_gpus:
        gpus = _INVENTED_GPUS.format(count=nvidia_gpus, numbers=" ".join(map(str, range(nvidia_gpus))))
    flags = "".join(f"        <{escape(flag)}>1</{escape(flag)}>\n" for flag in log_flags)
    return f"""<cc_config>
    <log_flags>
{flags}    </log_flags>
    <options>
        <allow_multiple_clients>1</allow_multiple_clients>
        <dont_contact_ref_site>1</dont_contact_ref_site>
        <!-- Unknown to 7.20, which says so once; later clients would look for it. -->
        <dont_use_docker>1</dont_use_docker>
        <dont_use_vbox>1</dont_use_vbox>
        <dont_use_wsl>1</dont_use_wsl>
        <!-- The default of 2 for each project costs a second a pair of files. -->
        <max_file_xfers>16</max_file_xfers>
        <max_file_xfers_per_project>16</max_file_xfers_per_project>
        <ncpus>{ncpus}</ncpus>
        {gpus}
        <no_info_fetch>1</no_info_fetch>
        <!-- An idle-priority program starves on a busy build machine. -->
        <no_priority_change>1</no_priority_change>
        <report_results_immediately>1</report_results_immediately>
        <skip_cpu_benchmarks>1</skip_cpu_benchmarks>
        <suppress_net_info>1</suppress_net_info>
    </options>
</cc_config>
"""


def preferences(disk_interval: float, leave_apps_in_memory: bool, cpu_usage_limit: float) -> str:
    """global_prefs_override.xml: compute always, whoever types and whatever else the machine computes."""
    return f"""<global_preferences>
    <run_on_batteries>1</run_on_batteries>
    <run_if_user_active>1</run_if_user_active>
    <run_gpu_if_user_active>1</run_gpu_if_user_active>
    <!-- 0 means "do not look at the load"; the default, 25 %, stops everything on a busy machine. -->
    <suspend_cpu_usage>0</suspend_cpu_usage>
    <niu_suspend_cpu_usage>0</niu_suspend_cpu_usage>
    <max_ncpus_pct>100</max_ncpus_pct>
    <niu_max_ncpus_pct>100</niu_max_ncpus_pct>
    <!-- Below 100 the client suspends programs for some seconds of each few. -->
    <cpu_usage_limit>{cpu_usage_limit}</cpu_usage_limit>
    <niu_cpu_usage_limit>{cpu_usage_limit}</niu_cpu_usage_limit>
    <ram_max_used_busy_pct>90</ram_max_used_busy_pct>
    <ram_max_used_idle_pct>90</ram_max_used_idle_pct>
    <vm_max_used_pct>100</vm_max_used_pct>
    <disk_max_used_gb>0</disk_max_used_gb>
    <disk_max_used_pct>100</disk_max_used_pct>
    <disk_min_free_gb>0.01</disk_min_free_gb>
    <!-- The program's checkpoint period, in seconds. -->
    <disk_interval>{disk_interval}</disk_interval>
    <leave_apps_in_memory>{int(leave_apps_in_memory)}</leave_apps_in_memory>
    <work_buf_min_days>0.01</work_buf_min_days>
    <work_buf_additional_days>0.01</work_buf_additional_days>
</global_preferences>
"""
