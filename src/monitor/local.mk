monitor_files = 
