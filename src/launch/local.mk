launch_files = 
